/**
 * The calls by which nodes reach an attestation service, through a gateway that knows which node is
 * at the other end by the network that it is in. A gateway is believed in nothing else: what it
 * passes on proves itself, or fails to.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { OcxError } from '../../core/kernel/errors.ts';
import type { Principal } from '../../core/kernel/service.ts';
import { SHARE_BYTES } from '../keys/key-shares.ts';
import type { AgentDesk } from '../tpm/agent-desk.ts';
import { readAnswer, readHello, writeInvitation } from '../tpm/agent-messages.ts';
import { MOST_LOG_BYTES } from '../tpm/event-log.ts';
import type { Found } from '../tpm/findings.ts';
import { MOST_RUNTIME_LOG_BYTES } from '../tpm/runtime-log.ts';
import { objectOf } from './field-schemas.ts';

/** Both logs in base64, and what else there is. */
const ANSWER_BYTES_MAXIMUM =
  64 * 1024 + Math.ceil((MOST_LOG_BYTES + MOST_RUNTIME_LOG_BYTES) / 3) * 4;
const SHARE_LENGTH = Math.ceil(SHARE_BYTES / 3) * 4;

/** @param gateways names of the services that may speak for nodes */
export function agentCalls(
  desk: AgentDesk,
  gateways: readonly string[],
): (scope: FastifyInstance) => void {
  const params = objectOf({ nodeId: 'name' });
  return (scope) => {
    scope.post('/nodes/:nodeId/hello', { schema: { summary: 'Hello', params } }, (request) => {
      const nodeId = nodeOf(request, gateways);
      return writeInvitation(desk.hello(nodeId, valueOf(readHello(request.body))));
    });

    scope.post(
      '/nodes/:nodeId/answer',
      { schema: { summary: 'Answer', params }, bodyLimit: ANSWER_BYTES_MAXIMUM },
      (request, reply) => {
        const nodeId = nodeOf(request, gateways);
        desk.answer(nodeId, valueOf(readAnswer(request.body)));
        return reply.code(202).send({});
      },
    );

    scope.get(
      '/nodes/:nodeId/key-share',
      { schema: { summary: 'KeyShare', params } },
      (request) => {
        const sealed = desk.sealedShare(nodeOf(request, gateways));
        if (sealed) return { sealed: sealed.toString('base64') };
        const message = 'no key share was released for this boot of the node';
        throw new OcxError({ code: 'NOT_FOUND_KEY_SHARE', message });
      },
    );

    scope.put(
      '/leases/:leaseId/nodes/:nodeId/key-share',
      {
        schema: {
          summary: 'KeyShareDeposit',
          params: objectOf({ leaseId: 'name', nodeId: 'name' }),
          body: Type.Object(
            { share: Type.String({ pattern: `^[A-Za-z0-9+/]{${SHARE_LENGTH - 1}}=$` }) },
            { additionalProperties: false },
          ),
        },
      },
      (request) => {
        const party = writerOf(request);
        const { leaseId, nodeId } = request.params as { leaseId: string; nodeId: string };
        const { share } = request.body as { share: string };
        desk.deposit({ leaseId, nodeId, party }, Buffer.from(share, 'base64'));
        return {};
      },
    );
  };
}

function nodeOf(request: FastifyRequest, gateways: readonly string[]): string {
  const { role, name } = writerOf(request);
  if (role !== 'service' || !gateways.includes(name)) {
    const message = 'only a gateway of the site speaks for nodes';
    throw new OcxError({ code: 'DENIED_GATEWAY', message });
  }
  return (request.params as { readonly nodeId: string }).nodeId;
}

function writerOf(request: FastifyRequest): Principal {
  const { principal, mayWrite } = request.caller!;
  if (mayWrite) return principal;
  throw new OcxError({ code: 'DENIED_READ_ONLY', message: 'this token may only look' });
}

/** @throws OcxError with the finding */
function valueOf<Value>(result: Found<Value>): Value {
  if (result.ok) return result.value;
  throw new OcxError(result.finding);
}
