/** An effect log by the lives of the service: from one start of a process to the next. */
import type { EffectLogLine } from '../../core/kernel/effect-log.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Lives } from './finding.ts';

export type Begun = Extract<EffectLogLine, { kind: 'begun' }>;
export type Ended = Extract<EffectLogLine, { kind: 'ended' }>;

export interface Life {
  /** Events of the service, without the genesis, when it began. */
  readonly events: number;
  readonly startMs: TimeMs;
  /** In the order in which they reached the world. */
  readonly begun: Begun[];
  readonly ended: Map<string, Ended>;
  /** Null where nobody has noted its end. */
  stoppedMs: TimeMs | null;
}

/** Lines before the first start belong to no life and are left out. */
export function livesOfLog(lines: Iterable<EffectLogLine>): Life[] {
  const lives: Life[] = [];
  for (const line of lines) {
    const life = lives.at(-1);
    if (line.kind === 'started') {
      const { events, timeMs } = line;
      const nothing = { begun: [], ended: new Map<string, Ended>(), stoppedMs: null };
      lives.push({ events, startMs: timeMs, ...nothing });
    } else if (line.kind === 'begun') life?.begun.push(line);
    else if (line.kind === 'ended') life?.ended.set(line.effectId, line);
    else if (life) life.stoppedMs = line.timeMs;
  }
  return lives;
}

/** When processes were there. */
export function livesFrom(lives: readonly Life[]): Lives {
  return {
    startsMs: lives.map(({ startMs }) => startMs),
    endedMs: lives.at(-1)?.stoppedMs ?? null,
  };
}
