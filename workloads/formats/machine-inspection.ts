/** What a log of machines holds: sizes, lives, what its edges cut off, nodes needed by packing. */
import { SECOND_MS } from '../../core/kernel/units.ts';
import { MachineLives } from '../cloud/machine-lives.ts';
import type { NodeClass } from '../cloud/node-class.ts';
import { quantileInterval, survivalCurve, survivalQuantile } from '../cloud/survival.ts';
import { mean, quantile, significant, sorted, spanFact } from '../statistics.ts';
import type { Fact, Inspection, Sketch } from './format.ts';
import { BEGUN_BEFORE, machineSize, OUTLASTS, type MachineLog } from './machine-log.ts';
import { packingFacts } from './packing-facts.ts';

/** @param pack node on which its machines are packed; left out: they are not */
export function inspectMachines(log: MachineLog, pack: NodeClass | undefined): Inspection {
  return {
    format: log.format,
    label: 'real',
    records: log.count,
    facts: [
      ...sizeFacts(log),
      ...lifeFacts(log),
      ...(pack === undefined ? [] : packingFacts(livesOf(log, pack), pack, spanMs(log))),
    ],
    dropped: log.dropped,
    quarantined: log.quarantined,
    suspicious: log.suspicious,
    oddities: [...log.oddities, ...edges(log)],
    sketches: [hourSketch(log), aliveSketch(log)],
  };
}

function fact(name: string, value: number, unit?: string): Fact {
  return {
    name,
    value: Number.isNaN(value) ? null : significant(value),
    ...(unit === undefined ? {} : { unit }),
  };
}

function sizeFacts(log: MachineLog): Fact[] {
  const unit = log.shares ? 'shares of the largest machine' : undefined;
  return [
    spanFact(log.toSeconds - log.fromSeconds),
    fact('owners', new Set(log.owners.filter((owner) => owner !== '')).size || NaN),
    fact('cores, mean', mean(log.cores), unit),
    fact('cores, largest', quantile(sorted(log.cores), 1), unit),
    fact('memory, mean', mean(log.memoryGb), unit ?? 'GB'),
    ...(log.gpus === null ? [] : [fact('GPUs, mean', mean(log.gpus))]),
  ];
}

/**
 * Lives that were seen whole are the short ones. The estimator of Kaplan and Meier takes all whose
 * begin is known, from the age at which the log begins; those of an unknown age are left out.
 */
function lifeFacts(log: MachineLog): Fact[] {
  const { startSeconds, endSeconds, cut, ageSeconds } = log;
  const seconds = (i: number) => endSeconds[i]! - startSeconds[i]!;
  const whole = Array.from(cut.keys()).filter((i) => cut[i] === 0);
  const lives = sorted(whole.map(seconds));
  const known = Array.from(cut.keys()).filter(
    (i) => ageSeconds[i] === 0 || (ageSeconds[i]! > 0 && seconds(i) > 0),
  );
  const curve = survivalCurve({
    // Where its begin was seen a life is at risk from the start, if it ends at once, too.
    entryAge: known.map((i) => ageSeconds[i]! || -1),
    exitAge: known.map((i) => ageSeconds[i]! + seconds(i)),
    ended: known.map((i) => ((cut[i]! & OUTLASTS) === 0 ? 1 : 0)),
  });
  const [low, high] = quantileInterval(curve, 0.5);
  return [
    fact('lives seen whole', whole.length),
    fact('life, median of those', quantile(lives, 0.5), 's'),
    fact('life, 90 % of those', quantile(lives, 0.9), 's'),
    fact('life, median (Kaplan–Meier)', survivalQuantile(curve, 0.5), 's'),
    fact('  95 % interval, from', low, 's'),
    fact('  95 % interval, to', high, 's'),
    fact('life, 90 % (Kaplan–Meier)', survivalQuantile(curve, 0.9), 's'),
    ...cutFacts(log),
  ];
}

/** Lives that the edges of the log cut off, and how much of all core-time is theirs. */
function cutFacts({ cut, cores, startSeconds, endSeconds }: MachineLog): Fact[] {
  const counts = [0, 0, 0, 0];
  const coreSeconds = [0, 0, 0, 0];
  let all = 0;
  for (let i = 0; i < cut.length; i++) {
    const time = cores[i]! * (endSeconds[i]! - startSeconds[i]!);
    counts[cut[i]!]! += 1;
    coreSeconds[cut[i]!]! += time;
    all += time;
  }
  const part = (of: number) => fact('  share of core-time', (100 * coreSeconds[of]!) / all, '%');
  return [
    fact('lives begun before the log', counts[BEGUN_BEFORE]!),
    part(BEGUN_BEFORE),
    fact('lives that outlast it', counts[OUTLASTS]!),
    part(OUTLASTS),
    fact('lives both', counts[BEGUN_BEFORE + OUTLASTS]!),
    part(BEGUN_BEFORE + OUTLASTS),
  ];
}

function edges({ cut, ageSeconds }: MachineLog): string[] {
  const sentences: string[] = [];
  if (cut.some((ends) => (ends & BEGUN_BEFORE) !== 0)) {
    sentences.push('lives begun before the log are packed together when it begins');
  }
  if (ageSeconds.some(Number.isNaN)) {
    sentences.push('no length of life is estimated from those of unknown age');
  } else if (ageSeconds.some((age) => age > 0)) {
    sentences.push('lives begun before the log are at risk from the age that they had then');
  }
  if (cut.some((ends) => (ends & OUTLASTS) !== 0)) {
    sentences.push('lives that outlast the log count as going on; for the need they end with it');
  }
  return sentences;
}

function livesOf(log: MachineLog, node: NodeClass): MachineLives {
  const lives = new MachineLives();
  const since = (seconds: number) => Math.round((seconds - log.fromSeconds) * SECOND_MS);
  for (let i = 0; i < log.count; i++) {
    const [cores, memoryGb, gpus] = machineSize(log, i, node);
    lives.add(since(log.startSeconds[i]!), since(log.endSeconds[i]!), cores, memoryGb, gpus);
  }
  return lives;
}

function spanMs(log: MachineLog): number {
  return Math.max(1, Math.round((log.toSeconds - log.fromSeconds) * SECOND_MS));
}

function hourSketch(log: MachineLog): Sketch {
  const values = new Array<number>(24).fill(0);
  log.startSeconds.forEach((seconds, i) => {
    if ((log.cut[i]! & BEGUN_BEFORE) === 0) values[Math.floor(seconds / 3_600) % 24]! += 1;
  });
  const labels = values.map((_, hour) => String(hour).padStart(2, '0'));
  return { title: 'starts by hour of the trace clock', unit: 'machines', labels, values };
}

const PARTS = 20;

function aliveSketch(log: MachineLog): Sketch {
  const step = (log.toSeconds - log.fromSeconds) / PARTS || 1;
  const values = new Array<number>(PARTS).fill(0);
  for (let i = 0; i < log.count; i++) {
    const from = Math.ceil((log.startSeconds[i]! - log.fromSeconds) / step);
    const to = Math.ceil((log.endSeconds[i]! - log.fromSeconds) / step);
    for (let part = from; part < Math.min(to, PARTS); part++) values[part]! += 1;
  }
  const labels = values.map((_, part) => `day ${significant((part * step) / 86_400, 3)}`);
  return { title: 'machines alive', unit: 'machines', labels, values };
}
