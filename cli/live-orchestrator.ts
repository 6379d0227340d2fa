/**
 * A tenant's orchestrator in this process: for `ocx agent`, which tells it the plans of the leases
 * that it has won and hears from it which nodes are ready. It has a journal of its own and talks to
 * the services through nothing but their public API.
 */
import { liveOrchestrator, TENANT } from '../backends/runner/orchestrator.ts';
import type { StoredMessage } from '../backends/store/store.ts';
import { isName } from '../core/kernel/command-shape.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { SECOND_MS } from '../core/kernel/units.ts';
import type { EnclavePlan } from '../core/leasing/protocol.ts';
import { ORCHESTRATOR_DEFAULTS, type OrchestratorConfiguration } from '../core/leasing/state.ts';
import type { ServeRequest } from './live-role.ts';
import { startService } from './live-service.ts';

/** Name of its journal in the store. */
export const ORCHESTRATOR_JOURNAL = 'orchestrator';

/** Command ids are its name and a number, and are keys of at most 64 characters. */
const NAME_LENGTH_MAXIMUM = 40;

/** A node that stays silent for so long in its walk is asked about anew; see docs/numbers.md. */
const REQUEST_TIMEOUT_MS = 600 * SECOND_MS;

/** What happens to the tenant's nodes, from the outbox of the orchestrator. */
export interface OrchestratorNews {
  readonly cursor: number;
  /** `NodeReady`, `NodeEnding` or `NodeLost` of `core/leasing/protocol.ts`. */
  readonly body: object;
}

export interface RunningOrchestrator {
  readonly failed: Promise<never>;
  /** A lease that was won; durable once it resolves. One that is known already changes nothing. */
  plan(plan: Omit<EnclavePlan, 'kind' | 'timeMs'>): Promise<void>;
  /** Leases that are planned and not over. */
  leaseIds(): readonly string[];
  /** News after this place, oldest first; durable, so that none is lost with a reader. */
  news(after: number): Promise<readonly OrchestratorNews[]>;
  /** Calls back when there may be news. @returns a function that ends it */
  watch(callback: () => void): () => void;
  stop(): Promise<void>;
}

const PAGE_MESSAGES = 100;

/** @param own at least the name, which no other orchestrator of the organisation may have */
export async function startOrchestrator(
  request: Pick<ServeRequest, 'store' | 'version' | 'deadLetters' | 'peers' | 'file' | 'log'> &
    Partial<Pick<ServeRequest, 'effectLog'>>,
  own: Pick<OrchestratorConfiguration, 'name'> & Partial<OrchestratorConfiguration>,
): Promise<RunningOrchestrator> {
  if (!isName(own.name) || own.name.length > NAME_LENGTH_MAXIMUM) {
    const message = `an orchestrator's name has 1 to ${NAME_LENGTH_MAXIMUM} visible characters`;
    throw new OcxError({ code: 'INPUT_BAD_CONFIGURATION', message });
  }
  const configuration = {
    ...ORCHESTRATOR_DEFAULTS,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    ...own,
  };
  const { runner, peers, failed } = await startService(request, liveOrchestrator, {
    ...{ journal: ORCHESTRATOR_JOURNAL, configuration },
    carryOut: () => Promise.reject(new Error('an orchestrator moves nothing itself')),
  });
  return {
    failed,
    plan(plan) {
      runner.take({ kind: 'EnclavePlan', ...plan });
      return runner.durable();
    },
    leaseIds: () => [...runner.state.leases.keys()],
    async news(after) {
      const query = { after, limit: PAGE_MESSAGES, to: TENANT };
      const messages = await request.store.messages(ORCHESTRATOR_JOURNAL, query);
      return messages.map(({ cursor, body }: StoredMessage) => ({ cursor, body }));
    },
    watch: (callback) => runner.watch(callback),
    async stop() {
      await peers.stop();
      await runner.stop();
      request.effectLog?.write({ kind: 'stopped', timeMs: runner.clock.nowMs() });
      request.effectLog?.close();
    },
  };
}
