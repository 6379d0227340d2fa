import test from 'ava';
import { solveCase } from '../../../core/market/cases/registry.ts';
import { OcxError } from '../../../core/kernel/errors.ts';

const DRF = { capacity: [9, 18], demandPerTask: { A: [1, 4], B: [3, 1] } };
const KARMA = { demands: [{ A: 1 }], totalSlices: 2, alpha: 0.5, initialCredits: 1, users: ['A'] };
const SHARE = { bids: { A: { h: 1 } }, capacity: { h: 2 } };

const BAD: readonly [mechanism: string, input: unknown, keyPath: string][] = [
  ['drf', 7, 'input'],
  ['drf', { ...DRF, capacity: [9, -1] }, 'capacity'],
  ['drf', { ...DRF, capacity: [9, NaN] }, 'capacity[1]'],
  ['drf', { ...DRF, demandPerTask: { A: [1] } }, 'demandPerTask.A'],
  ['drf', { ...DRF, demandPerTask: { A: [1, -4] } }, 'demandPerTask.A'],
  ['drf', { ...DRF, demandPerTask: { A: [0, 0] } }, 'demandPerTask.A'],
  ['drf', { ...DRF, demandPerTask: { A: [1e-9, 0] } }, 'demandPerTask.A'],
  ['drf', { ...DRF, weights: { A: 0 } }, 'weights.A'],
  ['karma', { ...KARMA, users: [] }, 'users'],
  ['karma', { ...KARMA, users: ['A', 'A'] }, 'users'],
  ['karma', { ...KARMA, alpha: 1.5 }, 'alpha'],
  ['karma', { ...KARMA, totalSlices: 2 ** 53 }, 'totalSlices'],
  ['karma', { ...KARMA, demands: [{ A: -1 }] }, 'demands[0].A'],
  ['karma', { ...KARMA, demands: [{ B: 1 }] }, 'demands[0].B'],
  ['karma', { ...KARMA, demands: {} }, 'demands'],
  [
    'karma',
    { ...KARMA, totalSlices: 1_000_000, demands: new Array(1_000).fill({ A: 1 }) },
    'demands',
  ],
  ['proportional-share', { ...SHARE, capacity: { h: -1 } }, 'capacity.h'],
  ['proportional-share', { ...SHARE, bids: { A: { h: '1' } } }, 'bids.A.h'],
  ['proportional-share', { ...SHARE, bids: { A: { g: 1 } } }, 'bids.A.g'],
  ['proportional-share', { ...SHARE, bids: { A: 1 } }, 'bids.A'],
];

for (const [mechanism, input, keyPath] of BAD) {
  test(`a case of ${mechanism} that is wrong at ${keyPath} is refused: ${text(input)}`, (t) => {
    const error = t.throws(() => solveCase({ mechanism, input }), { instanceOf: OcxError });
    t.is(error.code, 'INPUT_CASE_INVALID');
    t.is(error.place?.keyPath, keyPath);
  });
}

test('cases with names that mean something to a language are cases like any other', (t) => {
  const bids = JSON.parse('{"__proto__": {"h": 3}, "constructor": {"h": 1}}');
  const { share } = solveCase({
    mechanism: 'proportional-share',
    input: { bids, capacity: { h: 4 } },
  });
  t.is(JSON.stringify(share), '{"__proto__":{"h":3},"constructor":{"h":1}}');
});

function text(input: unknown): string {
  return JSON.stringify(input).slice(0, 100);
}
