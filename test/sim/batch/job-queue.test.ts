import test from 'ava';
import fc from 'fast-check';
import { BLOCK_SIZE, JobQueue } from '../../../sim/clusters/batch/job-queue.ts';
import { RunningJobs } from '../../../sim/clusters/batch/running-jobs.ts';

interface Entry {
  readonly job: number;
  readonly size: number;
  readonly estimate: number;
}

/** What the blocks hold, with a check of everything they claim. */
function contents(queue: JobQueue): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at < queue.blockCount; at++) {
    const block = queue.order[at]!;
    const start = block * BLOCK_SIZE;
    const inBlock: Entry[] = [];
    for (let index = start; index < start + queue.fill[block]!; index++) {
      const [job, size, estimate] = [
        queue.jobs[index]!,
        queue.sizes[index]!,
        queue.estimates[index]!,
      ];
      inBlock.push({ job, size, estimate });
    }
    if (inBlock.length === 0) throw new Error('an empty block is in use');
    if (Math.min(...inBlock.map(({ size }) => size)) !== queue.leastSize[block]) {
      throw new Error('the least size of a block is wrong');
    }
    if (Math.min(...inBlock.map(({ estimate }) => estimate)) !== queue.leastEstimate[block]) {
      throw new Error('the least estimate of a block is wrong');
    }
    entries.push(...inBlock);
  }
  return entries;
}

const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('insert' as const),
      size: fc.integer({ min: 1, max: 9 }),
      estimate: fc.integer({ min: 1, max: 5 }),
      inOrder: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('remove' as const), which: fc.nat(10_000) }),
    fc.record({ kind: fc.constant('removeAt' as const), which: fc.nat(10_000) }),
  ),
  { maxLength: 600, size: 'max' },
);

for (const order of ['submission', 'estimate'] as const) {
  test(`a queue by ${order} holds what a sorted array holds`, (t) => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const queue = new JobQueue(order);
        let model: Entry[] = [];
        let next = 1000;
        let early = 999;
        for (const step of sequence) {
          if (step.kind === 'insert') {
            const job = step.inOrder || early < 0 ? next++ : early--;
            const entry = { job, size: step.size, estimate: step.estimate };
            queue.insert(entry.job, entry.size, entry.estimate);
            model.push(entry);
            model.sort((a, b) =>
              order === 'estimate' ? a.estimate - b.estimate || a.job - b.job : a.job - b.job,
            );
          } else if (model.length > 0) {
            const index = step.which % model.length;
            const entry = model[index]!;
            model = model.filter((member) => member !== entry);
            if (step.kind === 'remove') queue.remove(entry.job, entry.estimate);
            else removeByPlace(queue, index);
          }
          if (queue.length !== model.length) return false;
        }
        return JSON.stringify(contents(queue)) === JSON.stringify(model);
      }),
      { numRuns: 150, seed: 11 },
    );
    t.pass();
  });
}

function removeByPlace(queue: JobQueue, index: number): void {
  let at = 0;
  let place = index;
  while (place >= queue.fill[queue.order[at]!]!) place -= queue.fill[queue.order[at++]!]!;
  const blocks = queue.blockCount;
  const gone = queue.removeAt(at, place);
  if (gone !== queue.blockCount < blocks) throw new Error('a block left unannounced');
}

test('a job that does not wait cannot be removed', (t) => {
  const queue = new JobQueue('submission');
  t.throws(() => queue.remove(3, 1), { code: 'INVARIANT_VIOLATED' });
  queue.insert(3, 1, 1);
  t.throws(() => queue.remove(2, 1), { code: 'INVARIANT_VIOLATED' });
  queue.remove(3, 1);
  t.throws(() => queue.remove(3, 1), { code: 'INVARIANT_VIOLATED' });
});

/** Whole numbers in [0, below), the same ones each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
}

for (const order of ['submission', 'estimate', 'longest'] as const) {
  test(`a pass over a deep queue by ${order} misses nothing and passes over most`, (t) => {
    const draw = numbers(5);
    const queue = new JobQueue(order);
    let [looks, blocks, isWrong] = [0, 0, false];
    for (let job = 0; job < 9_000; job++) {
      // Wide jobs are short and narrow ones long, so that few blocks without a fit look as if.
      const size = 1 << draw(12);
      queue.insert(job, size + draw(size), Math.ceil(10_000 / size) + draw(40));
      while (queue.length > 2_500) removeByPlace(queue, draw(queue.length));
      if (job % 5 > 0) continue;
      const [free, extra] = [1 + draw(2_000), draw(2)];
      const estimate = Math.ceil(10_000 / free) + draw(12);
      let at = 0;
      while (at < queue.blockCount) {
        const next = queue.nextBlock(at, free, estimate, extra);
        for (; at < next; at++) isWrong ||= holdsFit(queue, at, free, estimate, extra);
        looks += next < queue.blockCount ? 1 : 0;
        at += 1;
      }
      blocks += queue.blockCount;
    }
    t.false(isWrong);
    t.deepEqual(
      contents(queue).map(({ job }) => job),
      [...queue],
    );
    t.true(looks > 1_000 && looks < blocks / 2, `${looks} looks into ${blocks} blocks`);
  });
}

function holdsFit(queue: JobQueue, at: number, free: number, estimate: number, extra: number) {
  const start = queue.order[at]! * BLOCK_SIZE;
  for (let index = start; index < start + queue.fill[queue.order[at]!]!; index++) {
    const size = queue.sizes[index]!;
    if (size <= free && (queue.estimates[index]! <= estimate || size <= extra)) return true;
  }
  return false;
}

test('a look ahead over running jobs says what adding up their ends says', (t) => {
  const draw = numbers(9);
  const running = new RunningJobs();
  let model: { job: number; size: number; end: number }[] = [];
  const outlook = { timeSeconds: 0, spare: 0 };
  let [now, different] = [0, 0];
  for (let job = 0; job < 3_000; job++) {
    const entry = { job, size: 1 + draw(9), end: now + 1 + draw(200) };
    running.insert(job, entry.size, entry.end);
    model.push(entry);
    if (draw(3) === 0) {
      const [early] = model.splice(draw(model.length), 1);
      running.remove(early!.job, early!.end);
    }
    if (draw(8) === 0) {
      now += draw(5);
      const elapsed = model.filter(({ end }) => end <= now);
      model = model.filter(({ end }) => end > now);
      if (running.removeElapsed(now) !== sizeOf(elapsed)) different += 1;
    }
    const free = draw(4);
    const size = free + 1 + draw(Math.max(1, sizeOf(model) - 1));
    if (sizeOf(model) + free < size) continue;
    running.lookAhead(size, free, outlook);
    const ends = model.map(({ end }) => end).sort((a, b) => a - b);
    const byThen = (time: number) => free + sizeOf(model.filter(({ end }) => end <= time));
    const end = ends.find((time) => byThen(time) >= size);
    if (outlook.timeSeconds !== end || outlook.spare !== byThen(end) - size) different += 1;
  }
  t.is(different, 0);
  t.true(model.length > 100);
});

function sizeOf(jobs: readonly { readonly size: number }[]): number {
  return jobs.reduce((sum, { size }) => sum + size, 0);
}
