/** `ocx lease`: leases of a live site, from their making to their end. */
import type { Command } from 'commander';
import { HOUR_MS, MINUTE_MS } from '../core/kernel/units.ts';
import { collect, wholeNumber } from './command.ts';
import { defineCall, pathOf, type LiveOptions } from './live-client.ts';

const LATEST_MS = Number.MAX_SAFE_INTEGER;

interface CreateOptions extends LiveOptions {
  readonly owner: string;
  readonly lessee: string;
  readonly node: readonly string[];
  readonly start?: number;
  readonly hours: number;
  readonly security: string;
  readonly attester?: string;
  readonly recallMinutes?: number;
}

export function registerLease(program: Command): void {
  const lease = program.command('lease').description('Leases of a live site.');
  defineCall(
    lease,
    'list <organisation>',
    'List its leases, as owner and as lessee.',
    ([name]) => ({
      method: 'GET',
      path: `${pathOf('organisations', name!)}/leases`,
    }),
  );
  defineCall(lease, 'show <lease>', 'Show one lease.', ([leaseId]) => ({
    method: 'GET',
    path: pathOf('leases', leaseId!),
  }));
  create(lease);
  for (const [word, summary] of [
    ['cancel', 'Call a lease off before it starts.'],
    ['recall', 'Take a recallable lease back, after its notice.'],
  ] as const) {
    defineCall(lease, `${word} <lease>`, summary, ([leaseId]) => ({
      method: 'POST',
      path: `${pathOf('leases', leaseId!)}/${word}`,
    }));
  }
  defineCall<LiveOptions & { node?: readonly string[] }>(
    lease,
    'return <lease>',
    'Give its nodes back now.',
    ([leaseId], { node: nodeIds = null }) => ({
      method: 'POST',
      path: `${pathOf('leases', leaseId!)}/return`,
      body: { nodeIds },
    }),
    (command) => command.option('--node <node>', 'only this one; may be repeated', collect),
  );
  defineCall(
    lease,
    'credential <lease> <node>',
    'Show the Redfish credential of a node, for a provisioning engine of the lessee’s.',
    ([leaseId, nodeId]) => ({
      method: 'POST',
      path: `${pathOf('leases', leaseId!, 'nodes', nodeId!)}/bmc-credential`,
    }),
  );
  defineCall(lease, 'extend <lease> <end-ms>', 'Move the end of a lease.', ([leaseId, endMs]) => ({
    method: 'PATCH',
    path: pathOf('leases', leaseId!),
    body: { endMs: Number(endMs) },
  }));
  for (const [word, summary] of [
    ['join', 'Move a node out of its airlock into the lessee’s network.'],
    ['power-on', 'Power a node on into its measured boot.'],
    ['active', 'Say that the lessee’s system is up.'],
  ] as const) {
    defineCall(lease, `${word} <lease> <node>`, summary, ([leaseId, nodeId]) => ({
      method: 'POST',
      path: `${pathOf('leases', leaseId!, 'nodes', nodeId!)}/${word}`,
    }));
  }
}

function create(lease: Command): void {
  defineCall<CreateOptions>(
    lease,
    'create <lease>',
    'Lease nodes out.',
    ([leaseId], options) => {
      const startMs = options.start ?? Date.now();
      const { owner, lessee, node: nodeIds, security: securityLevel, recallMinutes } = options;
      return {
        method: 'POST',
        path: '/leases',
        body: {
          ...{ leaseId, contractId: null, owner, lessee, nodeIds, startMs },
          endMs: startMs + options.hours * HOUR_MS,
          securityLevel,
          attester: options.attester ?? null,
          recallNoticeMs: recallMinutes === undefined ? null : recallMinutes * MINUTE_MS,
        },
      };
    },
    (command) =>
      command
        .requiredOption('--owner <organisation>', 'whose nodes they are')
        .requiredOption('--lessee <organisation>', 'who gets them')
        .requiredOption('--node <node>', 'a node of it; may be repeated', collect)
        .requiredOption('--hours <number>', 'how long', wholeNumber(1, 8_784))
        .option('--start <ms>', 'milliseconds since 1970; else now', wholeNumber(0, LATEST_MS))
        .option('--security <level>', 'none, attested or full', 'none')
        .option('--attester <service>', 'whose verdict opens the network')
        .option(
          '--recall-minutes <number>',
          'the owner may take it back with this notice',
          wholeNumber(0, 1_000_000),
        ),
  );
}
