import test from 'ava';
import fc from 'fast-check';
import { BLOCK_SIZE, JobQueue } from '../../../sim/clusters/batch/job-queue.ts';

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
