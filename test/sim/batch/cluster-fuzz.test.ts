/** Random operations on small clusters, with checks that share nothing with the cluster. */
import test from 'ava';
import { JOB_STATE } from '../../../sim/clusters/batch/batch-jobs.ts';
import { BatchCluster } from '../../../sim/clusters/batch/cluster.ts';
import { SCHEDULERS } from '../../../sim/clusters/batch/scheduler.ts';
import type { Scheduler } from '../../../sim/clusters/batch/scheduler.ts';
import { smallRandom } from './brute-force.ts';
import type { SmallJob } from './brute-force.ts';
import { tableOf } from './tables.ts';

const S = 1_000;
const CHECKPOINT_MS = 3 * S;
const RESTART_MS = 2 * S;
const OWN = { few: 3, many: 5 };
const OWNED = OWN.few + OWN.many;

interface Segment {
  readonly row: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly nodes: number;
}

class Fuzz {
  readonly random: (exclusiveEnd: number) => number;
  readonly batch: BatchCluster;
  readonly segments: Segment[] = [];
  readonly checkpointable: boolean[];
  /** Nodes by group as they must be; deadlines of leases. */
  readonly nodes = new Map<string, number>(Object.entries(OWN));
  readonly deadlines = new Map<string, number>();
  readonly homes = new Map<string, 'few' | 'many'>();
  readonly problems: string[] = [];
  broken = 0;
  #names = 0;

  constructor(seed: number, scheduler: Scheduler, mostNodes: number, anyCheckpointable: boolean) {
    const random = smallRandom(seed);
    this.random = random;
    let submit = 0;
    const jobs = Array.from({ length: 15 + random(20) }, (): SmallJob => {
      submit += random(12);
      const estimate = 1 + random(60);
      return { submit, processors: 1 + random(mostNodes), run: 1 + random(estimate), estimate };
    });
    this.checkpointable = jobs.map(() => anyCheckpointable && random(2) === 0);
    this.batch = new BatchCluster(tableOf(jobs), {
      scheduler,
      homeNodes: OWN,
      isCheckpointable: (row) => this.checkpointable[row]!,
      checkpointMs: CHECKPOINT_MS,
      restartMs: RESTART_MS,
      segmentMinimumMs: 10 * S,
      patienceMinimumMs: 150 * S,
      abandons: random(2) === 0,
      onSegment: (row, fromMs, toMs, nodes) => this.segments.push({ row, fromMs, toMs, nodes }),
    });
  }

  step(mayTake: boolean): void {
    const { batch, random } = this;
    batch.advance(batch.nowMs + random(15) * S);
    for (const [group, deadlineMs] of this.deadlines) {
      if (deadlineMs <= batch.nowMs) this.forget(group);
    }
    const choice = random(mayTake ? 9 : 2);
    if (choice === 0) this.borrow();
    else if (choice === 2) this.recall();
    else if (choice === 3 || choice === 4) this.drain();
    else if (choice === 5) this.undrain();
    else if (choice === 6) this.lose();
    else if (choice === 7 && this.broken > 0) this.repair();
    else if (choice === 8) batch.outlook(batch.nowMs + 50 * S).idleNodes('few', 0, 1e9);
    this.check();
  }

  borrow(): void {
    const name = `lease-${this.#names++}`;
    const deadlineMs = this.batch.nowMs + (1 + this.random(80)) * S;
    const nodes = 1 + this.random(4);
    this.batch.addNodes(name, nodes, deadlineMs);
    if (this.random(2) === 0) {
      this.batch.addNodes(name, 1, deadlineMs);
      this.nodes.set(name, nodes + 1);
    } else this.nodes.set(name, nodes);
    this.deadlines.set(name, deadlineMs);
  }

  recall(): void {
    const [name] = this.pick(this.deadlines) ?? [];
    if (name === undefined) return;
    const deadlineMs = this.batch.nowMs + this.random(20) * S;
    this.batch.bringForward(name, deadlineMs);
    const earlier = Math.min(deadlineMs, this.deadlines.get(name)!);
    this.deadlines.set(name, earlier);
    if (earlier <= this.batch.nowMs) this.forget(name);
  }

  drain(): void {
    const home = this.random(2) === 0 ? 'few' : 'many';
    const there = this.nodes.get(home)!;
    if (there === 0) return;
    const name = `offer-${this.#names++}`;
    const nodes = 1 + this.random(there);
    const preemption = (['never', 'checkpointable', 'any'] as const)[this.random(3)]!;
    const overdue = [...this.batch.groups()].some(
      (group) => group.deadlineMs <= this.batch.nowMs && group.free < group.nodes,
    );
    const expected = this.batch.preemptionCost(home, nodes, preemption);
    const lost = this.batch.lostNodeMs;
    const cost = this.batch.drain(name, home, nodes, {
      byMs: this.batch.nowMs + this.random(3) * 10 * S,
      returnMs: this.random(2) === 0 ? Infinity : this.batch.nowMs + this.random(60) * S,
      preemption,
    });
    if (!overdue && JSON.stringify(cost) !== JSON.stringify(expected))
      this.problems.push('another cost');
    if (this.batch.lostNodeMs - lost !== cost.lostNodeMs) this.problems.push('a wrong cost');
    const { free } = this.batch.drained(name);
    if (preemption === 'any' && free < nodes && cost.nodes > 0) {
      // The queue may have taken drained nodes only where the hand-over is later.
      const drained = [...this.batch.groups()].find(({ groupId }) => groupId === name)!;
      if (drained.deadlineMs <= this.batch.nowMs) this.problems.push('busy nodes were sold');
    }
    this.nodes.set(home, there - nodes);
    this.nodes.set(name, nodes);
    this.homes.set(name, home);
  }

  undrain(): void {
    const [name, home] = this.pick(this.homes) ?? [];
    if (name === undefined || home === undefined) return;
    const there = this.nodes.get(name)!;
    const nodes = 1 + this.random(there);
    this.batch.undrain(name, nodes);
    this.nodes.set(home, this.nodes.get(home)! + nodes);
    this.nodes.set(name, there - nodes);
    if (there === nodes) this.forget(name);
  }

  lose(): void {
    const entry = this.pick(this.nodes);
    if (!entry || entry[1] === 0) return;
    const [name, there] = entry;
    this.batch.removeNodes(name, 1, this.random(2) === 0 ? 'kill' : 'checkpoint');
    if (!this.deadlines.has(name)) this.broken += 1;
    this.nodes.set(name, there - 1);
    if (there === 1 && !(name in OWN)) this.forget(name);
  }

  repair(): void {
    this.batch.addNodes('many', 1);
    this.nodes.set('many', this.nodes.get('many')! + 1);
    this.broken -= 1;
  }

  forget(name: string): void {
    this.nodes.delete(name);
    this.deadlines.delete(name);
    this.homes.delete(name);
  }

  pick<Value>(map: ReadonlyMap<string, Value>): [string, Value] | undefined {
    return [...map][this.random(Math.max(1, map.size))];
  }

  check(): void {
    const seen = new Map<string, number>();
    let busy = 0;
    let owned = this.broken;
    for (const { groupId, nodes, free, kind } of this.batch.groups()) {
      seen.set(groupId, nodes);
      if (free < 0 || free > nodes) this.problems.push(`${groupId}: ${free} of ${nodes} free`);
      busy += nodes - free;
      if (kind !== 'borrowed') owned += nodes;
    }
    this.checkPlan();
    if (busy !== this.batch.busyNodes) this.problems.push('busy nodes do not add up');
    if (owned !== OWNED) this.problems.push(`${owned} own nodes`);
    const [expected, found] = [this.nodes, seen].map((map) => JSON.stringify([...map].sort()));
    if (expected !== found) this.problems.push(`nodes ${found}, not ${expected}`);
  }

  /** With nobody waiting, what the plan holds free now is what is free. */
  checkPlan(): void {
    const { batch } = this;
    const { nowMs } = batch;
    const groups = [...batch.groups()];
    if (batch.queuedJobs > 0 || groups.some(({ returnMs }) => returnMs === nowMs)) return;
    const outlook = batch.outlook(nowMs + 1);
    for (const { groupId, free, deadlineMs } of groups) {
      const expected = deadlineMs > nowMs ? free : 0;
      const idle = outlook.idleNodes(groupId, nowMs, nowMs + 1);
      if (idle !== expected)
        this.problems.push(`${groupId}: ${idle} planned free, not ${expected}`);
    }
    const far = batch.outlook(nowMs + 1e9);
    for (const { groupId, kind, nodes } of groups) {
      if (kind !== 'home' || groups.some(({ home }) => home?.groupId === groupId)) continue;
      const idle = far.idleNodes(groupId, nowMs + 1e8, nowMs + 1e9);
      if (idle !== nodes) this.problems.push(`${groupId}: ${idle} free for ever, not ${nodes}`);
    }
  }

  /** Lets everything come back and end; then looks at what every job was given. */
  finish(): void {
    const { batch } = this;
    for (const name of [...this.homes.keys()]) {
      batch.undrain(name);
      this.nodes.set(this.homes.get(name)!, NaN);
    }
    // One more than was owned: then there is room for the largest jobs too.
    batch.addNodes('many', this.broken + 1);
    while (!batch.isResolved()) {
      const nextMs = batch.nextEventMs();
      if (nextMs === Infinity) {
        this.problems.push('the cluster waits for ever');
        return;
      }
      batch.advance(nextMs);
    }
    this.checkNodeTime();
    for (let row = 0; row < batch.jobs.count; row++) this.checkJob(row);
  }

  checkNodeTime(): void {
    const { batch } = this;
    const { jobs } = batch;
    let useful = 0;
    for (let row = 0; row < jobs.count; row++) {
      const done = jobs.state[row] === JOB_STATE.completed ? jobs.runMs[row]! : jobs.keptMs[row]!;
      useful += jobs.nodes[row]! * done;
    }
    const held = this.segments.reduce(
      (sum, { fromMs, toMs, nodes }) => sum + nodes * (toMs - fromMs),
      0,
    );
    if (held !== batch.busyNodeMs) this.problems.push('node-time held does not add up');
    if (useful + batch.lostNodeMs !== held) this.problems.push('node-time lost does not add up');
  }

  checkJob(row: number): void {
    const { jobs } = this.batch;
    const mine = this.segments.filter((segment) => segment.row === row);
    const completed = jobs.state[row] === JOB_STATE.completed;
    let keptMs = 0;
    let endMs = jobs.submitMs[row]!;
    for (const [index, { fromMs, toMs }] of mine.entries()) {
      if (fromMs < endMs) this.problems.push(`row ${row} runs twice at once`);
      endMs = toMs;
      const restartMs = keptMs > 0 ? RESTART_MS : 0;
      if (completed && index === mine.length - 1) {
        if (toMs - fromMs !== restartMs + jobs.runMs[row]! - keptMs) {
          this.problems.push(`row ${row} ends too early or too late`);
        }
      } else if (!this.checkpointable[row] && jobs.keptMs[row] !== 0) {
        this.problems.push(`row ${row} keeps what it cannot keep`);
      } else keptMs = Math.min(jobs.keptMs[row]!, keptMs + toMs - fromMs);
    }
    if (completed && mine.length !== jobs.interruptions[row]! + 1) {
      this.problems.push(`row ${row} was stopped ${jobs.interruptions[row]} times`);
    }
    if (completed && jobs.waitMs(row) < 0)
      this.problems.push(`row ${row} waited less than nothing`);
    if (jobs.state[row] === JOB_STATE.abandoned && jobs.isMet(row)) this.problems.push('met?');
  }

  history(): string {
    const { firstStartMs, endMs } = this.batch.jobs;
    return JSON.stringify([this.segments, [...firstStartMs], [...endMs], this.batch.lostNodeMs]);
  }
}

function play(seed: number, scheduler: Scheduler): Fuzz {
  const fuzz = new Fuzz(seed, scheduler, 9, true);
  for (let step = 0; step < 60; step++) fuzz.step(true);
  fuzz.finish();
  return fuzz;
}

for (const scheduler of SCHEDULERS) {
  test(`${scheduler}: nodes and node-time add up whatever comes and goes`, (t) => {
    for (let seed = 0; seed < 200; seed++) {
      t.deepEqual(play(seed, scheduler).problems.slice(0, 3), [], `seed ${seed}`);
    }
  });

  test(`${scheduler}: the same operations have the same history`, (t) => {
    for (let seed = 0; seed < 20; seed++) {
      t.is(play(seed, scheduler).history(), play(seed, scheduler).history());
    }
  });
}

for (const scheduler of ['easy', 'easy-sjbf', 'conservative'] as const) {
  test(`${scheduler}: no job starts later than promised while nodes only come`, (t) => {
    let promises = 0;
    for (let seed = 1_000; seed < 1_400; seed++) {
      const fuzz = new Fuzz(seed, scheduler, OWNED, false);
      const promised = new Map<number, number>();
      for (let step = 0; step < 60; step++) {
        fuzz.step(false);
        for (const row of fuzz.batch.queuedRows()) {
          const startMs = fuzz.batch.reservedStartMs(row);
          if (startMs < Infinity && !promised.has(row)) promised.set(row, startMs);
        }
      }
      fuzz.finish();
      for (const [row, startMs] of promised) {
        const { state, firstStartMs, endMs } = fuzz.batch.jobs;
        // One that lost its patience before the promised start was not let down.
        const gaveUp = state[row] === JOB_STATE.abandoned && endMs[row]! <= startMs;
        if (!gaveUp && !(firstStartMs[row]! <= startMs)) t.fail(`seed ${seed} row ${row}`);
      }
      promises += promised.size;
      t.deepEqual(fuzz.problems, []);
    }
    t.true(promises > 500, `${promises} promises`);
  });
}
