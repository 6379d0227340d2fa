/** The isolation service as the Redfish service of its leases needs it. */
import { leasedBmc, lesseesBmc } from '../../core/allocator/leased-bmc.ts';
import { commandIdOf } from '../http/calls.ts';
import type { IsolationRunner, ServiceGateway } from '../http/gateway.ts';
import type { LesseesNodes } from './credential-call.ts';
import type { LeasedNodes } from './work.ts';

export function isolationNodes(
  runner: IsolationRunner,
  gateway: ServiceGateway,
): LeasedNodes & LesseesNodes {
  const durable = async <Value>(value: Value): Promise<Value> => {
    await runner.durable();
    return value;
  };
  return {
    find: (leaseId, nodeId) => durable(leasedBmc(runner.state, leaseId, nodeId)),
    ofLessee: (from, leaseId, nodeId) => durable(lesseesBmc(runner.state, from, leaseId, nodeId)),
    give: (from, key, command) =>
      gateway.submit({ from, commandId: commandIdOf(from, key), command }),
    action: (from, actionId) => gateway.view({ kind: 'ActionShow', from, ...{ actionId } }),
  };
}
