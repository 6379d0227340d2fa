/** What the façade needs of the service behind it. */
import type { IsolationConfiguration } from '../../core/allocator/enrolment.ts';
import type { IsolationEvent } from '../../core/allocator/commands.ts';
import type { IsolationEffect } from '../../core/allocator/protocol.ts';
import type { IsolationState } from '../../core/allocator/state.ts';
import type { Refusal } from '../../core/kernel/errors.ts';
import type { Reply, ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';
import type { LiveRunner, Request } from '../runner/runner.ts';
import type { MessageQuery, Store, StoredMessage } from '../store/store.ts';
import type { Gauge, ServiceFacade, ServiceQuery } from './service-facade.ts';

/** Counts that are fit for a monitor; nothing in them names a party. */
export interface GatewayStatus {
  readonly isRunning: boolean;
  readonly epoch: number;
  readonly waiting: number;
  readonly events: number;
  readonly durable: number;
  readonly refused: number;
  /** The service's own. */
  readonly gauges: readonly Gauge[];
}

export interface ServiceGateway {
  submit(request: Request): Promise<Pick<Reply, 'refusal' | 'result'>>;
  /** As of now; what it shows is durable when the promise is fulfilled. */
  view(query: ServiceQuery): Promise<Refusal | object>;
  messages(query: MessageQuery): Promise<readonly StoredMessage[]>;
  watch(callback: () => void): () => void;
  status(): GatewayStatus;
}

export type IsolationRunner = LiveRunner<
  IsolationConfiguration,
  IsolationState,
  IsolationEvent,
  IsolationEffect
>;

export function serviceGateway<
  Configuration,
  State,
  Event extends ServiceEvent,
  Effect extends ServiceEffect,
>(
  facade: ServiceFacade<State>,
  runner: LiveRunner<Configuration, State, Event, Effect>,
  store: Store,
  journal: string,
): ServiceGateway {
  return {
    submit: (request) => runner.submit(request),
    async view(query) {
      const answer = facade.view(runner.state, runner.clock.nowMs(), query);
      await runner.durable();
      return answer;
    },
    async messages(query) {
      const { heldFrom } = runner;
      const page = await store.messages(journal, query);
      const firstHeld = page.findIndex(({ seq }) => seq >= heldFrom);
      return firstHeld < 0 ? page : page.slice(0, firstHeld);
    },
    watch: (callback) => runner.watch(callback),
    status() {
      const { isRunning, epoch, waiting, counts } = runner;
      return { isRunning, epoch, waiting, ...counts, gauges: facade.gauges(runner.state) };
    },
  };
}
