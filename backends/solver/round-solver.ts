/**
 * Solves rounds beside the service, so that a large round keeps no request waiting. How far a mechanism
 * goes is bounded by its own iterations, never by the time that is left: the same round has the same
 * solution on every machine.
 */
import { Piscina } from 'piscina';
import type { SolvedRound } from '../../core/market/exchange/protocol.ts';
import type { SolveRound } from '../../core/market/protocol.ts';
import type { Outcome } from '../../core/kernel/service.ts';

/** Stays alive between rounds that come one after another. */
const IDLE_MS = 60_000;

export class RoundSolver {
  readonly #pool = new Piscina({
    filename: new URL(`./round-worker${import.meta.url.slice(-3)}`, import.meta.url).href,
    name: 'solveRound',
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: IDLE_MS,
  });

  /**
   * `noEffect` where there is no solution; nothing outside has changed in any case.
   *
   * @param signal ends the thread: a round that nobody waits for any more holds up no other
   */
  async solve(asked: SolveRound, signal: AbortSignal): Promise<Outcome<SolvedRound>> {
    try {
      return { status: 'ok', value: (await this.#pool.run(asked, { signal })) as SolvedRound };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { status: 'noEffect', error: { code: 'RESOURCE_SOLVER_FAILED', message } };
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
