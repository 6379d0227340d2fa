/** What the façade needs of the isolation service behind it. */
import type { Refusal } from '../../core/kernel/errors.ts';
import type { Reply } from '../../core/kernel/service.ts';
import type { IsolationQuery } from '../../core/allocator/views.ts';
import { viewIsolation } from '../../core/allocator/views.ts';
import type { IsolationConfiguration } from '../../core/allocator/enrolment.ts';
import type { IsolationEvent } from '../../core/allocator/commands.ts';
import type { IsolationEffect } from '../../core/allocator/protocol.ts';
import type { IsolationState } from '../../core/allocator/state.ts';
import type { LiveRunner, Request } from '../runner/runner.ts';
import type { MessageQuery, Store, StoredMessage } from '../store/store.ts';

/** Counts that are fit for a monitor; nothing in them names a party. */
export interface GatewayStatus {
  readonly isRunning: boolean;
  readonly epoch: number;
  readonly waiting: number;
  readonly events: number;
  readonly durable: number;
  readonly refused: number;
  readonly leases: number;
  readonly nodesByState: Readonly<Record<string, number>>;
}

export interface IsolationGateway {
  submit(request: Request): Promise<Pick<Reply, 'refusal' | 'result'>>;
  /** As of now; what it shows is durable when the promise is fulfilled. */
  view(query: IsolationQuery): Promise<Refusal | object>;
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

export function isolationGateway(
  runner: IsolationRunner,
  store: Store,
  journal: string,
): IsolationGateway {
  return {
    submit: (request) => runner.submit(request),
    async view(query) {
      const answer = viewIsolation(runner.state, runner.clock.nowMs(), query);
      await runner.durable();
      return answer;
    },
    messages: (query) => store.messages(journal, query),
    watch: (callback) => runner.watch(callback),
    status() {
      const nodesByState: Record<string, number> = {};
      for (const { state } of runner.state.nodes.values()) {
        nodesByState[state] = (nodesByState[state] ?? 0) + 1;
      }
      const { isRunning, epoch, waiting, counts } = runner;
      return {
        isRunning,
        epoch,
        waiting,
        ...counts,
        leases: runner.state.leases.size,
        nodesByState,
      };
    },
  };
}
