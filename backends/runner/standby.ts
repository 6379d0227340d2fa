/** A process that waits until nobody is in charge of a journal. */
import { SECOND_MS } from '../../core/kernel/units.ts';
import type { Store } from '../store/store.ts';

/** Silence after which a writer counts as gone: three signs missed. */
export const SILENCE_MS = 6 * SECOND_MS;
const LOOK_MS = 500;

/**
 * Resolves once the journal's writer has been silent for too long, has resigned, or there is none.
 * That a silent writer may come back is no harm: whoever opens the journal next has a higher epoch.
 *
 * @returns false where `signal` was aborted before
 */
export async function waitForSilence(
  store: Store,
  journal: string,
  signal: AbortSignal,
  silenceMs = SILENCE_MS,
): Promise<boolean> {
  while (!signal.aborted) {
    if ((await store.silenceMs(journal)) >= silenceMs) return true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, LOOK_MS);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done);
    });
  }
  return false;
}
