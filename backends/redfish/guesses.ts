/**
 * Wrong passwords, counted by caller's address and user name. Who is wrong too often is told what it
 * was told before, whatever it sends, until a minute has passed; others with the same name at other
 * addresses, and others at the same address, are not held up.
 */
import { createHash } from 'node:crypto';

const FAILURES_MAXIMUM = 10;
const WINDOW_MS = 60_000;
/** Pairs that are remembered; the oldest are forgotten first. */
const PAIRS_MAXIMUM = 10_000;

interface Failures {
  count: number;
  readonly untilMs: number;
}

export class Guesses {
  readonly #failures = new Map<string, Failures>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  isLocked(address: string, userName: string): boolean {
    const failures = this.#failures.get(keyOf(address, userName));
    if (!failures || failures.untilMs <= this.#nowMs()) return false;
    return failures.count >= FAILURES_MAXIMUM;
  }

  failed(address: string, userName: string): void {
    const key = keyOf(address, userName);
    const known = this.#failures.get(key);
    if (known && known.untilMs > this.#nowMs()) {
      known.count += 1;
      return;
    }
    this.#failures.delete(key);
    this.#failures.set(key, { count: 1, untilMs: this.#nowMs() + WINDOW_MS });
    if (this.#failures.size <= PAIRS_MAXIMUM) return;
    const [oldest] = this.#failures.keys();
    this.#failures.delete(oldest!);
  }

  succeeded(address: string, userName: string): void {
    this.#failures.delete(keyOf(address, userName));
  }

  /** Pairs that are remembered. */
  get size(): number {
    return this.#failures.size;
  }
}

/** Of one length, however long a name somebody sends. */
function keyOf(address: string, userName: string): string {
  return createHash('sha256').update(`${address} ${userName}`).digest('base64');
}
