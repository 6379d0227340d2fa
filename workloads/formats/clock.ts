/** Times of a log: seconds since 1970, or dates in a zone that the user may name. */
import { HOUR_MS, SECOND_MS } from '../../core/kernel/units.ts';
import { instantOfLocal, parseCivilMs, type Zone } from '../calendar.ts';
import { zoneGiven } from './batch-log.ts';

export class LogClock {
  readonly #zone: Zone | null;
  readonly #offsets = new Map<number, ZoneOffset>();
  #local = 0;
  #counted = 0;
  #twice = 0;
  #never = 0;

  /** @throws OcxError INPUT_ZONE for a zone that is none */
  constructor(timeZone: string | undefined) {
    this.#zone = zoneGiven(timeZone);
  }

  /** Seconds since 1970 of a date or of a number as it stands; null for what is no time. */
  seconds(text: string): number | null {
    if (/^\d{1,11}(\.\d{1,9})?$/.test(text)) {
      this.#counted += 1;
      return Number(text);
    }
    const fixed = /^(.{10,29}\d)(?:Z|([+-])(\d\d):?(\d\d))$/.exec(text);
    const local = parseCivilMs(fixed === null ? text : fixed[1]!);
    if (local === null) return null;
    if (fixed !== null) {
      const east = Number(fixed[3] ?? 0) * 3_600 + Number(fixed[4] ?? 0) * 60;
      return local / SECOND_MS - (fixed[2] === '-' ? -east : east);
    }
    this.#local += 1;
    if (this.#zone === null) return local / SECOND_MS;
    // Looked up once for every half hour that clocks showed: zones change on those.
    const half = Math.floor(local / (HOUR_MS / 2));
    let offset = this.#offsets.get(half);
    if (offset === undefined) {
      offset = offsetOf(this.#zone, local);
      this.#offsets.set(half, offset);
    }
    if (offset.clocks === 'twice') this.#twice += 1;
    if (offset.clocks === 'never') this.#never += 1;
    return (local - offset.ms) / SECOND_MS;
  }

  /** What a user should know about the times. */
  oddities(): string[] {
    const odd: string[] = [];
    if (this.#local > 0 && this.#zone === null) {
      odd.push('times are local without a zone and taken as they stand; --time-zone names it');
    }
    if (this.#counted > 0 && this.#local > 0) odd.push('some times are dates, some are numbers');
    if (this.#twice > 0) {
      odd.push(
        `${this.#twice} times stand twice on the clock, as summer time ends: taken as after it`,
      );
    }
    if (this.#never > 0) {
      odd.push(`${this.#never} times stand on no clock, as summer time begins`);
    }
    return odd;
  }
}

interface ZoneOffset {
  readonly ms: number;
  /** How often clocks of the zone show that local time. */
  readonly clocks: 'once' | 'twice' | 'never';
}

function offsetOf(zone: Zone, local: number): ZoneOffset {
  const instant = instantOfLocal(zone, local);
  const shows = (at: number) => at + zone.offsetMs(at) === local;
  const ms = local - instant;
  if (!shows(instant)) return { ms, clocks: 'never' };
  const again = shows(instant - HOUR_MS) || shows(instant + HOUR_MS);
  return { ms, clocks: again ? 'twice' : 'once' };
}
