/** The one call that hands out a node's Redfish credential: to its lessee, while it has the node. */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { LeasedBmc } from '../../core/allocator/leased-bmc.ts';
import { OcxError, type Refusal } from '../../core/kernel/errors.ts';
import type { Principal } from '../../core/kernel/service.ts';
import { NOT_THERE } from '../http/problem.ts';
import { passwordOf, userNameOf } from './credential.ts';
import { ROOT, systemPath } from './resources.ts';

export interface LesseesNodes {
  /** What it shows is durable. */
  ofLessee(from: Principal, leaseId: string, nodeId: string): Promise<LeasedBmc | Refusal>;
}

/** Adds it below /v1, where the caller is known. */
export function addCredentialCall(
  scope: FastifyInstance,
  { nodes, secret }: { readonly nodes: LesseesNodes; readonly secret: Buffer },
): void {
  const name = () => Type.String({ pattern: '^[\\x21-\\x7e]{1,128}$', maxLength: 128 });
  const schema = {
    summary: 'BmcCredential',
    description: 'Changes nothing: the same credential for as long as the lease has the node.',
    params: Type.Object({ leaseId: name(), nodeId: name() }),
  };
  scope.post(
    '/leases/:leaseId/nodes/:nodeId/bmc-credential',
    { schema },
    async (request, reply) => {
      const { principal, mayWrite } = request.caller!;
      if (!mayWrite) {
        throw new OcxError({ code: 'DENIED_READ_ONLY', message: 'this token may only look' });
      }
      const { leaseId, nodeId } = request.params as { leaseId: string; nodeId: string };
      const bmc = await nodes.ofLessee(principal, leaseId, nodeId);
      if ('code' in bmc) {
        // Who sees the lease and is not its lessee is told so; to others there is nothing.
        throw new OcxError(bmc.code.startsWith('NOT_FOUND') ? NOT_THERE : bmc);
      }
      reply.header('cache-control', 'no-store');
      return {
        root: ROOT,
        system: systemPath(nodeId),
        userName: userNameOf(bmc),
        password: passwordOf(secret, bmc),
      };
    },
  );
}
