/**
 * The wiring of the services that run beside each other: who hears the notices, answers and requests
 * of whom. What nobody in the record hears goes to people and agents outside.
 */
import type {
  Command,
  Principal,
  Reply,
  ServiceEffect,
  ServiceEvent,
} from '../../core/kernel/service.ts';
import { commonEmissions } from './wiring.ts';
import type { Emission, Wiring } from './wiring.ts';

/** How an instance is known to the others. */
export interface WiredInstance {
  readonly instance: string;
  /** As whom it asks others. */
  readonly principal: Principal;
  /** Name by which requests reach it. */
  readonly address: string;
}

/** Events that only hardware, or whoever plans for a tenant, can bring about. */
const FROM_OUTSIDE: ReadonlySet<string> = new Set(['NodeObserved', 'EnclavePlan']);

export function siteWiring(instances: readonly WiredInstance[]): Wiring {
  return new SiteWiring(instances);
}

class SiteWiring implements Wiring {
  readonly #instances: readonly WiredInstance[];

  constructor(instances: readonly WiredInstance[]) {
    this.#instances = instances;
  }

  emissions(instance: string, effect: ServiceEffect): readonly Emission[] {
    switch (effect.kind) {
      case 'Reply':
        return this.#reply(effect as Reply);
      case 'Notify': {
        const { to, notice } = effect as ServiceEffect & { to: Principal; notice: object };
        const event = { kind: 'NoticeReceived', notice };
        return this.#speakingAs(to)
          .filter((heard) => heard.instance !== instance)
          .map((heard) => ({ kind: 'message', to: heard.instance, event }));
      }
      case 'Request':
      case 'ReportVerdict':
        return this.#request(instance, effect);
      default:
        return commonEmissions(effect);
    }
  }

  isExogenous(_: string, event: ServiceEvent): boolean {
    if (FROM_OUTSIDE.has(event.kind)) return true;
    const { from, commandId } = event as Partial<Command>;
    if (from === undefined || commandId === undefined) return false;
    // A service only says what it has decided; people may act for their organisation beside it.
    return from.role !== 'service' || this.#speakingAs(from).length === 0;
  }

  #request(instance: string, effect: ServiceEffect): readonly Emission[] {
    const { service, command } = effect as ServiceEffect & { service: string; command: object };
    const to = this.#instances.find(({ address }) => address === service);
    const from = this.#instances.find((found) => found.instance === instance);
    if (!to || !from) return [];
    const event = { ...command, from: from.principal } as unknown as Command;
    return [{ kind: 'message', to: to.instance, event, asks: event.commandId }];
  }

  #reply(reply: Reply): readonly Emission[] {
    const event = { kind: 'ReplyReceived', reply };
    const answers = reply.commandId;
    return this.#speakingAs(reply.to).map((heard) => ({
      ...({ kind: 'message', to: heard.instance, event, answers } as const),
    }));
  }

  #speakingAs({ role, name }: Principal): readonly WiredInstance[] {
    return this.#instances.filter(
      ({ principal }) => principal.role === role && principal.name === name,
    );
  }
}
