/** What the runner has to know of a service beyond its reducer; one small file a service. */
import type { Service, ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';
import type { OutboxMessage } from '../store/store.ts';
import type { PeerMail } from './peer-mail.ts';

/** An effect whose outcome comes back as an event. */
export interface OutcomeEffect extends ServiceEffect {
  readonly effectId: string;
}

export interface LiveService<
  Configuration,
  State,
  Event extends ServiceEvent,
  Effect extends ServiceEffect,
> {
  readonly service: Service<Configuration, State, Event, Effect>;
  /**
   * Effects whose outcome the service waits for, as its state has them: after a crash these are sent
   * again, and no others. What the service has given up must not reach a device any more.
   */
  awaited(state: State): readonly (Effect & OutcomeEffect)[];
  /** What an effect tells somebody, or null. */
  message(effect: Effect): OutboxMessage | null;
  /** Absent: it asks no other service and listens to none. */
  readonly openMail?: () => PeerMail<State, Event, Effect>;
}
