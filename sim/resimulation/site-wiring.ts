/**
 * The wiring of live services: who hears the notices, answers and requests of whom, in the form in
 * which they come over a service's public API. What nobody in the record hears goes to people and
 * agents outside.
 */
import type { IsolationState } from '../../core/allocator/state.ts';
import type { AttestNode } from '../../core/attester/protocol.ts';
import type { Refusal } from '../../core/kernel/errors.ts';
import type {
  Command,
  Outcome,
  Principal,
  Reply,
  ServiceEffect,
  ServiceEvent,
} from '../../core/kernel/service.ts';
import { messageOf, roleOf } from './effect-kinds.ts';
import { HEARINGS, type Notice } from './hearing.ts';
import type { Recording } from './recording.ts';
import { commonEmissions } from './wiring.ts';
import type { Emission, Message, Origin, Wiring } from './wiring.ts';

/** How an instance is known to the others. */
export interface WiredInstance {
  readonly instance: string;
  /** Name of the service that it is an instance of. */
  readonly service: string;
  /** As whom it asks others. */
  readonly principal: Principal;
  /** Name by which requests reach it. */
  readonly address: string;
}

/** What the public API makes of things on their way; the same for every service. */
export interface ApiRules {
  /** Id that a command gets which a party gives under this key. */
  commandId(from: Principal, key: string): string;
  /** The party's own key again, where the id is of a command of its. */
  ownKey(to: Principal, commandId: string): string;
  /** A refusal as a party may be told of it. */
  told(service: string, state: unknown, command: Command, refusal: Refusal): Refusal;
  /** What can be found out without the world; null: the world has to be asked. */
  answer(effect: ServiceEffect): (() => Outcome<unknown>) | null;
}

/** What only hardware, a starting process, or whoever plans for a tenant can bring about. */
const FROM_OUTSIDE: ReadonlySet<string> = new Set([
  'NodeObserved',
  'EnclavePlan',
  'ExchangeOpened',
]);
/** To whom a service has said what stands at this place of its outbox; null: to nobody. */
export function receiverAt(recording: Recording, cursor: number): Principal | null {
  const { service, configuration, events } = recording;
  let state = service.initial(structuredClone(configuration));
  let at = 0;
  for (const event of events) {
    const step = service.step(state, structuredClone(event));
    state = step.state;
    for (const effect of step.effects) {
      const message = messageOf(effect, event);
      if (!message) continue;
      at += 1;
      if (at === cursor) return message.to;
    }
  }
  return null;
}

export function siteWiring(instances: readonly WiredInstance[], rules: ApiRules): () => Wiring {
  return () => new SiteWiring(instances, rules);
}

class SiteWiring implements Wiring {
  readonly #instances: readonly WiredInstance[];
  readonly #rules: ApiRules;
  /** Instance → messages in its outbox. */
  readonly #cursors = new Map<string, number>();
  /** Instances and commands that they were asked. */
  readonly #asked = new Set<string>();

  constructor(instances: readonly WiredInstance[], rules: ApiRules) {
    this.#instances = instances;
    this.#rules = rules;
  }

  emissions(effect: ServiceEffect, origin: Origin): readonly Emission[] {
    switch (roleOf(effect)) {
      case 'reply':
        return this.#reply(effect as Reply, origin);
      case 'tell':
        return this.#notice(effect, origin);
      case 'ask':
        return this.#request(effect, origin);
      case 'note':
        return [];
      default:
        return this.#worldOrTimer(effect);
    }
  }

  #worldOrTimer(effect: ServiceEffect): readonly Emission[] {
    const answer = this.#rules.answer(effect);
    const emissions = commonEmissions(effect);
    if (!answer) return emissions;
    return emissions.map((emission) =>
      emission.kind === 'effect' ? { ...emission, answer } : emission,
    );
  }

  isHeard({ to, event, answers }: Message, state: unknown): boolean {
    const hearing = HEARINGS.get(this.#called(to)!.service);
    if (answers !== undefined) return hearing?.isAwaited(state as never, answers) ?? false;
    const { notice, via } = event as { notice?: Notice; via?: { peer: string } };
    if (!notice || !via) return true;
    return hearing?.isHeard(state as never, via.peer, notice) ?? false;
  }

  /** An attester has a node attested for the lessee of the lease that has it, and for nobody else. */
  isAdmitted({ to, event }: Message, stateOf: (instance: string) => unknown): boolean {
    if (event.kind !== 'AttestNode') return true;
    const { leaseId, nodeId, from } = event as unknown as AttestNode;
    const { address } = this.#called(to)!;
    return this.#instances.some(({ instance, service }) => {
      if (service !== 'isolation') return false;
      const terms = (stateOf(instance) as IsolationState).leases.get(leaseId)?.terms;
      const isOurs = terms?.lessee === from.name && terms.attester === address;
      return isOurs && terms.nodeIds.includes(nodeId);
    });
  }

  isAskedAgain({ asks }: Message, from: string, state: unknown): boolean {
    const hearing = HEARINGS.get(this.#called(from)!.service);
    return asks !== undefined && (hearing?.isAwaited(state as never, asks) ?? false);
  }

  /** An attester's façade looks whether the lease is the asker's before it lets it ask. */
  turnAway({ to, event, asks }: Message, from: string): Message | null {
    const { kind, leaseId, nodeId } = event as unknown as AttestNode;
    if (kind !== 'AttestNode' || asks === undefined) return null;
    const refusal = {
      code: 'DENIED_LEASE',
      message: `node ${nodeId} under lease ${leaseId} is not yours to have attested here`,
    };
    const name = this.#called(to)!.address;
    const reply = {
      ...{ kind: 'Reply', commandId: asks, to: { role: 'service', name }, refusal, result: null },
    };
    const heard = { kind: 'ReplyReceived', ...{ reply } };
    return { kind: 'message', to: from, event: heard, answers: asks };
  }

  /** Right where the lease is another's, or names another attester; of none it says nothing. */
  isTurnedAway(message: Message, stateOf: (instance: string) => unknown): boolean {
    const { leaseId } = message.event as unknown as AttestNode;
    const isolations = this.#instances.filter(({ service }) => service === 'isolation');
    if (isolations.length === 0) return true;
    const isKnown = isolations.some(({ instance }) =>
      (stateOf(instance) as IsolationState).leases.has(leaseId),
    );
    return isKnown && !this.isAdmitted(message, stateOf);
  }

  isExogenous(_: string, event: ServiceEvent): boolean {
    if (FROM_OUTSIDE.has(event.kind)) return true;
    const { from, commandId } = event as Partial<Command>;
    if (from === undefined || commandId === undefined) return false;
    // A service only says what it has decided; people may act for their organisation beside it.
    return from.role !== 'service' || this.#speakingAs(from).length === 0;
  }

  #notice(effect: ServiceEffect, { instance, event }: Origin): readonly Emission[] {
    const cursor = this.#nextCursor(instance);
    const { to, body } = messageOf(effect, event)!;
    const peer = this.#called(instance)!.address;
    const told = this.#withOwnKey(to, body as Notice);
    return this.#speakingAs(to).flatMap((heard) => {
      const received = HEARINGS.get(heard.service)?.notice(peer, told);
      if (!received || heard.instance === instance) return [];
      const via = { peer, cursor };
      return { kind: 'message' as const, to: heard.instance, event: { ...received, via } };
    });
  }

  #withOwnKey(to: Principal, notice: Notice): Notice {
    const { commandId } = notice as Notice & { commandId?: string };
    if (commandId === undefined) return notice;
    return { ...notice, ...{ commandId: this.#rules.ownKey(to, commandId) } };
  }

  #request(effect: ServiceEffect, { instance }: Origin): readonly Emission[] {
    const { service, command } = effect as ServiceEffect & { service: string; command: Command };
    const to = this.#instances.find(({ address }) => address === service);
    const { principal: from } = this.#called(instance)!;
    if (!to) return [];
    const commandId = this.#rules.commandId(from, command.commandId);
    const event = { ...command, commandId, from };
    const mark = `${to.instance} ${commandId}`;
    const isRepeated = this.#asked.has(mark);
    this.#asked.add(mark);
    return [{ kind: 'message', to: to.instance, event, asks: command.commandId, isRepeated }];
  }

  #reply(reply: Reply, { instance, event, state }: Origin): readonly Emission[] {
    if (reply.refusal === null) this.#nextCursor(instance);
    const { service, address } = this.#called(instance)!;
    const { to, commandId, result } = reply;
    const key = this.#rules.ownKey(to, commandId);
    const refusal =
      reply.refusal && this.#rules.told(service, state, event as Command, reply.refusal);
    const answer = {
      ...{ kind: 'Reply', commandId: key, to: { role: 'service', name: address } },
      refusal: refusal && { code: refusal.code, message: refusal.message },
      result: refusal ? null : (result ?? {}),
    };
    return this.#speakingAs(to).map(({ instance: heard }) => ({
      ...({ kind: 'message', to: heard } as const),
      ...{ event: { kind: 'ReplyReceived', reply: answer }, answers: key },
    }));
  }

  #nextCursor(instance: string): number {
    const cursor = (this.#cursors.get(instance) ?? 0) + 1;
    this.#cursors.set(instance, cursor);
    return cursor;
  }

  #called(instance: string): WiredInstance | undefined {
    return this.#instances.find((found) => found.instance === instance);
  }

  #speakingAs({ role, name }: Principal): readonly WiredInstance[] {
    return this.#instances.filter(
      ({ principal }) => principal.role === role && principal.name === name,
    );
  }
}
