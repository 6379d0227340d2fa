/** Every command: its fields, who may try it, and what decides the rest. */
import type { Fields } from './fields.ts';
import type { Isolation, Verdict } from './isolation.ts';
import * as leases from './leases.ts';
import * as tenancy from './tenancy.ts';
import type { IsolationCommand } from './commands.ts';

export interface CommandRow<C extends IsolationCommand> {
  /** `party`: the handler decides by the object. */
  readonly who: 'administrator' | 'party';
  readonly fields: Fields;
  handle(isolation: Isolation, command: C): Verdict;
}

type CommandTable = {
  readonly [K in IsolationCommand['kind']]: CommandRow<Extract<IsolationCommand, { kind: K }>>;
};

const LEASED_NODE: Fields = { leaseId: 'name', nodeId: 'name' };

export const COMMANDS: CommandTable = {
  LeaseCreate: { who: 'party', fields: { terms: 'record' }, handle: leases.leaseCreate },
  LeaseSublet: {
    who: 'party',
    fields: { parentLeaseId: 'name', terms: 'record' },
    handle: leases.leaseSublet,
  },
  LeaseUpdate: {
    who: 'party',
    fields: { leaseId: 'name', endMs: 'time' },
    handle: leases.leaseUpdate,
  },
  LeaseCancel: { who: 'party', fields: { leaseId: 'name' }, handle: leases.leaseCancel },
  LeaseRecall: { who: 'party', fields: { leaseId: 'name' }, handle: leases.leaseRecall },
  LeaseReturn: {
    who: 'party',
    fields: { leaseId: 'name', nodeIds: 'namesOrNull' },
    handle: leases.leaseReturn,
  },
  AirlockPowerOn: { who: 'party', fields: LEASED_NODE, handle: tenancy.airlockPowerOn },
  AttestationReport: {
    who: 'party',
    fields: {
      leaseId: 'name',
      nodeId: 'name',
      bootCount: 'time',
      verdict: ['trusted', 'rejected', 'stale'],
      validUntilMs: 'time',
    },
    handle: tenancy.attestationReport,
  },
  EnclaveJoin: { who: 'party', fields: LEASED_NODE, handle: tenancy.enclaveJoin },
  NodeActive: { who: 'party', fields: LEASED_NODE, handle: tenancy.nodeActive },
};
