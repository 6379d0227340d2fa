/**
 * `/v1/nodes/{nodeId}/console`: the serial console of a leased node, for its lessee and the services
 * that it lets drive its nodes. GET answers with what the node prints, until the lease or the
 * connection ends; POST sends what is typed. Bytes, not documents: nothing of it is kept.
 */
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { actsFor } from '../../core/allocator/access.ts';
import type { IsolationState } from '../../core/allocator/state.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import type { Principal } from '../../core/kernel/service.ts';

export interface ConsolePorts {
  readonly state: IsolationState;
  /** @throws DEVICE_… */
  open(nodeId: string, grantee: string): Promise<Duplex>;
}

/** Of what is typed at once. */
const TYPED_BYTES_MAXIMUM = 4_096;
const BYTES = 'application/octet-stream';

/** Open sessions, one a node, with who has it. */
type Sessions = Map<string, { readonly grantee: string; readonly stream: Duplex }>;

/** To be put beside the calls of the isolation service. */
export function consoleApi(ports: ConsolePorts): (scope: FastifyInstance) => void {
  const sessions: Sessions = new Map();
  return (scope) => {
    scope.addContentTypeParser(
      BYTES,
      { parseAs: 'buffer', bodyLimit: TYPED_BYTES_MAXIMUM },
      (_, body, done) => done(null, body),
    );
    scope.addHook('preClose', () => {
      for (const { stream } of sessions.values()) stream.destroy();
    });
    addReading(scope, ports, sessions);
    addTyping(scope, ports, sessions);
  };
}

const params = Type.Object({ nodeId: Type.String({ maxLength: 384 }) });

function addReading(scope: FastifyInstance, ports: ConsolePorts, sessions: Sessions): void {
  const schema = {
    ...{ summary: 'Console', params },
    description: 'What the node prints, as bytes, until the lease or the connection ends.',
  };
  scope.get('/nodes/:nodeId/console', { schema }, async (request, reply) => {
    const { nodeId } = request.params as { nodeId: string };
    const { principal, mayWrite } = request.caller!;
    const grantee = granteeOf(ports.state, nodeId, principal, mayWrite);
    const stream = await ports.open(nodeId, grantee);
    sessions.set(nodeId, { grantee, stream });
    stream.once('close', () => {
      if (sessions.get(nodeId)?.stream === stream) sessions.delete(nodeId);
      reply.raw.destroy();
    });
    stream.on('error', () => stream.destroy());
    reply.hijack();
    reply.raw.on('close', () => stream.destroy());
    reply.raw.on('error', () => stream.destroy());
    reply.raw.writeHead(200, {
      ...{ 'content-type': BYTES, 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
      connection: 'close',
    });
    reply.raw.flushHeaders();
    stream.pipe(reply.raw);
  });
}

function addTyping(scope: FastifyInstance, ports: ConsolePorts, sessions: Sessions): void {
  const schema = {
    ...{ summary: 'ConsoleType', params, consumes: [BYTES] },
    description: 'Bytes for the node’s console; the caller has to be reading it.',
  };
  scope.post('/nodes/:nodeId/console', { schema }, async (request, reply) => {
    const { nodeId } = request.params as { nodeId: string };
    const { principal, mayWrite } = request.caller!;
    const grantee = granteeOf(ports.state, nodeId, principal, mayWrite);
    if (!Buffer.isBuffer(request.body)) {
      const message = `what is typed comes as ${BYTES}`;
      throw new OcxError({ code: 'INPUT_MEDIA_TYPE', message });
    }
    const session = sessions.get(nodeId);
    if (session?.grantee !== grantee) {
      throw new OcxError({
        code: 'CONFLICT_CONSOLE',
        message: 'the console is not open',
        remedy: 'read it first, and type while you read',
      });
    }
    session.stream.write(request.body);
    return reply.code(204).send();
  });
}

/** Whose the BMC is, where the caller may speak for it. To all others the console is not there. */
function granteeOf(
  state: IsolationState,
  nodeId: string,
  principal: Principal,
  mayWrite: boolean,
): string {
  const grantee = state.nodes.get(nodeId)?.bmcGrantee ?? null;
  if (grantee === null || !actsFor(state, principal, grantee, 'tenancy')) {
    throw new OcxError({ code: 'NOT_FOUND_NODE', message: `no console of node ${nodeId}` });
  }
  if (mayWrite) return grantee;
  throw new OcxError({ code: 'DENIED_READ_ONLY', message: 'this token may only look' });
}
