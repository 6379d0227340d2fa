/**
 * Every kind of effect that a service of the core can have, and what it is to the world around: the
 * compiler sees to it that none is forgotten here.
 */
import type { IsolationEffect } from '../../core/allocator/protocol.ts';
import type { AttesterEffect } from '../../core/attester/protocol.ts';
import type { Principal, Reply, ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';
import type { OrchestratorEffect } from '../../core/leasing/protocol.ts';
import type { ExchangeEffect } from '../../core/market/exchange/protocol.ts';
import type { ProvisionerEffect } from '../../core/provisioner/protocol.ts';

type LiveEffect =
  IsolationEffect | AttesterEffect | ProvisionerEffect | ExchangeEffect | OrchestratorEffect;

/**
 * `world`: the world does it and answers; `timer`: set or called off; `ask`: a command for another
 * service; `reply`: the answer to one; `tell`: stands in the outbox; `note`: for the record alone.
 */
type Role = 'world' | 'timer' | 'ask' | 'reply' | 'tell' | 'note';

const ROLES: Readonly<Record<LiveEffect['kind'], Role>> = {
  PowerOff: 'world',
  PowerOn: 'world',
  SetBootDevice: 'world',
  SetMedia: 'world',
  SetSecureBoot: 'world',
  RotateBmcToken: 'world',
  ConfigurePort: 'world',
  WipeNode: 'world',
  ObserveNode: 'world',
  RequestQuote: 'world',
  MakeNonce: 'world',
  ReleaseKeyShare: 'world',
  RevokeKeys: 'world',
  CloneImage: 'world',
  ExposeDisk: 'world',
  HideDisk: 'world',
  DestroyDisk: 'world',
  ChangeImage: 'world',
  BootNode: 'world',
  SolveRound: 'world',
  ReadJournalHead: 'world',
  SetTimer: 'timer',
  CancelTimer: 'timer',
  Request: 'ask',
  ReportVerdict: 'ask',
  Reply: 'reply',
  Notify: 'tell',
  Tell: 'tell',
  CallOwner: 'tell',
  CallMaintenance: 'tell',
  NodeReady: 'tell',
  NodeEnding: 'tell',
  NodeLost: 'tell',
  WaterfallUsed: 'note',
  MemberStanding: 'note',
  SafeguardTriggered: 'note',
  RoundCalled: 'note',
  ContractFormed: 'note',
  ContractVoided: 'note',
  ContractPreempted: 'note',
  ContractSettled: 'note',
  OptionFormed: 'note',
  OptionVoided: 'note',
  OptionExercised: 'note',
  OptionExpired: 'note',
  PricesPublished: 'note',
  SolutionRefused: 'note',
  ReportRefused: 'note',
  LedgerEntry: 'note',
  CommitmentsPublished: 'note',
  OrdersPublished: 'note',
  ReceiptDue: 'note',
};

/** An effect of no kind that is known is for the record alone. */
export function roleOf({ kind }: ServiceEffect): Role {
  return (ROLES as Readonly<Record<string, Role>>)[kind] ?? 'note';
}

/** What one party is told. */
export interface OutboxMessage {
  readonly to: Principal;
  readonly body: object;
}

/** Who reads what an orchestrator tells its tenant. */
const TENANT: Principal = { role: 'service', name: 'tenant' };

/** What stands in the outbox for an effect; null: nothing. */
export function messageOf(effect: ServiceEffect, event: ServiceEvent): OutboxMessage | null {
  const { kind, to, owner, notice, service, nodeId, code } = effect as ServiceEffect & {
    readonly to: Principal;
    readonly owner: Principal;
    readonly notice: object;
    readonly service: string;
    readonly nodeId: string;
    readonly code: string;
  };
  switch (kind as LiveEffect['kind']) {
    case 'Notify':
    case 'Tell':
      return { to, body: notice };
    case 'CallOwner':
      return { to: owner, body: { kind: 'NodeQuarantined', nodeId, code } };
    case 'CallMaintenance':
      return { to: { role: 'service', name: service }, body: { kind, nodeId } };
    case 'NodeReady':
    case 'NodeEnding':
    case 'NodeLost':
      return { to: TENANT, body: effect };
    case 'Reply': {
      // That a command was carried out is said to who gave it.
      const { refusal, result } = effect as Reply;
      return refusal ? null : { to, body: { kind: 'CommandDone', command: event.kind, result } };
    }
    default:
      return null;
  }
}
