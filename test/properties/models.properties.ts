/** Workload models within the bands that were published for them, and models with a mistake outside. */
import test from 'ava';
import { hold, type Band } from '../../bench/validation/models/bands.ts';
import { PLANTED_MODELS } from '../../bench/validation/models/planted.ts';
import { MODEL_BANDS } from '../../bench/validation/models/registry.ts';

for (const { model, bands, measure } of MODEL_BANDS) {
  test(`${model}: every figure lies within its band`, (t) => {
    const held = hold(bands, measure());
    t.deepEqual(
      held.filter(({ isInside }) => !isInside),
      [],
    );
  });
}

for (const { mistake, model, caughtBy, caught } of PLANTED_MODELS) {
  test(`${model}: a planted mistake is caught: ${mistake}`, (t) => {
    t.true(caught().includes(caughtBy));
  });
}

test('each model has a planted mistake', (t) => {
  const planted = new Set(PLANTED_MODELS.map(({ model }) => model));
  for (const { model } of MODEL_BANDS) t.true(planted.has(model), model);
});

test('a figure that is missing, no number or beyond a bound is outside', (t) => {
  const band: Band = { figure: 'x', expected: 1, low: 0.9, high: 1.1, digits: 1 };
  const isInside = (figures: Record<string, number>) => hold([band], figures)[0]!.isInside;
  t.true(isInside({ x: 0.9 }) && isInside({ x: 1.1 }));
  t.false(isInside({}) || isInside({ x: NaN }) || isInside({ x: 1.11 }) || isInside({ x: 0.89 }));
});
