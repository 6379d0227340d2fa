/**
 * Priorities with fair share, after Maui (Jackson, Snell & Clement, "Core algorithms of the Maui
 * scheduler", JSSPP 2001): the queue is served by descending priority, the first job that does not
 * fit holds a reservation, the others are backfilled in the same order.
 *
 *   priority = queueTime · minutes waited + expansion · (1 + wait / estimate)
 *            + processors · processors + fairShare · (target − used), in percentage points
 *
 * `used` is a user's share of the processor-seconds of the last windows, each window worth `decay`
 * times the one after it; the target is the same for all who have submitted anything so far. Jobs of
 * unknown users are those of one user. Order changes with time, so every pass sorts the queue.
 */
import type { Carrier } from '../../../core/kernel/carried.ts';
import { OcxError } from '../../../core/kernel/errors.ts';
import { EstimatePolicy } from './replay-policy.ts';
import type { PolicyMachine } from './replay-policy.ts';

export interface PrioritySettings {
  /** A minute of waiting. */
  readonly queueTime: number;
  /** One unit of (wait + estimate) / estimate. */
  readonly expansion: number;
  /** One processor. */
  readonly processors: number;
  /** One percentage point below the target; may be 0. */
  readonly fairShare: number;
  /** Length of a window, seconds. */
  readonly windowSeconds: number;
  /** Windows that count. */
  readonly windows: number;
  /** Worth of a window in units of the one after it. */
  readonly decay: number;
}

export const DEFAULT_PRIORITY: PrioritySettings = {
  queueTime: 1,
  expansion: 0,
  processors: 0,
  fairShare: 60,
  windowSeconds: 86_400,
  windows: 7,
  decay: 0.5,
};

const MOST_WINDOWS = 1_000;
const SECONDS_PER_MINUTE = 60;
const POINTS = 100;

interface Usage {
  /** Processors of the user's running jobs. */
  running: number;
  /** Up to when `seconds` is right. */
  atSeconds: number;
  /** Processor-seconds by window number modulo `windows`. */
  readonly seconds: Float64Array;
  /** The latest window in `seconds`. */
  window: number;
}

export class FairSharePolicy extends EstimatePolicy {
  readonly #settings: PrioritySettings;
  readonly #users = new Map<number, Usage>();

  constructor(machine: PolicyMachine, settings: PrioritySettings) {
    super(machine, false);
    this.#settings = settings;
  }

  override arrange(queue: number[]): void {
    if (queue.length < 2) return;
    const used = this.#usedShares();
    const target = 1 / this.#users.size;
    const priorities = new Map(queue.map((job) => [job, this.#priority(job, used, target)]));
    queue.sort((a, b) => priorities.get(b)! - priorities.get(a)! || a - b);
  }

  override submitted(job: number): void {
    const user = this.machine.table.user[job]!;
    if (this.#users.has(user)) return;
    const { windows } = this.#settings;
    const window = this.#windowOf(this.machine.now);
    const seconds = new Float64Array(windows);
    this.#users.set(user, { running: 0, atSeconds: this.machine.now, seconds, window });
  }

  override started(job: number): void {
    this.#bringUpToDate(job).running += this.machine.table.processors[job]!;
  }

  override ended(job: number): void {
    this.#bringUpToDate(job).running -= this.machine.table.processors[job]!;
  }

  override stopped(job: number): void {
    this.ended(job);
  }

  #priority(job: number, used: ReadonlyMap<number, number>, target: number): number {
    const { table, now } = this.machine;
    const { queueTime, expansion, processors, fairShare } = this.#settings;
    const wait = now - table.submitSeconds[job]!;
    return (
      queueTime * (wait / SECONDS_PER_MINUTE) +
      expansion * (1 + wait / this.machine.estimate(job)) +
      processors * table.processors[job]! +
      fairShare * POINTS * (target - used.get(table.user[job]!)!)
    );
  }

  #usedShares(): Map<number, number> {
    let total = 0;
    const used = new Map<number, number>();
    for (const [user, usage] of this.#users) {
      this.#accrue(usage);
      const worth = this.#worth(usage);
      used.set(user, worth);
      total += worth;
    }
    for (const [user, worth] of used) used.set(user, total > 0 ? worth / total : 0);
    return used;
  }

  #worth({ seconds, window }: Usage): number {
    const { windows, decay } = this.#settings;
    let sum = 0;
    let weight = 1;
    for (let age = 0; age < windows; age++) {
      sum += weight * seconds[slotOf(window - age, windows)]!;
      weight *= decay;
    }
    return sum;
  }

  #bringUpToDate(job: number): Usage {
    const usage = this.#users.get(this.machine.table.user[job]!)!;
    this.#accrue(usage);
    return usage;
  }

  /** Books what ran since the last look on the windows in which it ran. */
  #accrue(usage: Usage): void {
    const { windowSeconds, windows } = this.#settings;
    const { now } = this.machine;
    const current = this.#windowOf(now);
    const oldest = Math.max(usage.window, current - windows);
    for (let window = oldest + 1; window <= current; window++) {
      usage.seconds[slotOf(window, windows)] = 0;
    }
    // What lies further back than all windows is forgotten.
    const first = Math.max(usage.window, current - windows + 1);
    for (let window = first; usage.running > 0 && window <= current; window++) {
      const from = Math.max(usage.atSeconds, window * windowSeconds);
      const until = Math.min(now, (window + 1) * windowSeconds);
      if (until > from) usage.seconds[slotOf(window, windows)]! += usage.running * (until - from);
    }
    usage.window = current;
    usage.atSeconds = now;
  }

  #windowOf(seconds: number): number {
    return Math.floor(seconds / this.#settings.windowSeconds);
  }

  override carry(carrier: Carrier): void {
    carrier.fill('users', this.#users);
  }
}

function slotOf(window: number, windows: number): number {
  return ((window % windows) + windows) % windows;
}

/** What a user should give instead of settings that make no sense; null for those that do. */
export function priorityFault(settings: PrioritySettings): string | null {
  const { windowSeconds, windows, decay } = settings;
  const areNumbers = Object.values(settings).every((value) => Number.isFinite(value));
  const areWindows =
    windowSeconds > 0 && Number.isInteger(windows) && windows >= 1 && windows <= MOST_WINDOWS;
  if (areNumbers && areWindows && decay >= 0 && decay <= 1) return null;
  return `give finite weights, windowSeconds above 0, 1 to ${MOST_WINDOWS} windows and a decay from 0 to 1`;
}

/** @throws OcxError INPUT_ARGUMENT for settings that make no sense */
export function checkPriority(settings: PrioritySettings): void {
  const remedy = priorityFault(settings);
  if (remedy === null) return;
  throw new OcxError({ code: 'INPUT_ARGUMENT', message: 'these priorities make no sense', remedy });
}
