import { readFileSync } from 'node:fs';
import test from 'ava';
import { solveCase } from '../../core/market/cases/registry.ts';
import { roundInput } from '../../core/market/round-input.ts';

const text = readFileSync(new URL('../../docs/market/rules.md', import.meta.url), 'utf8');
const examples = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(
  ([, json]) =>
    JSON.parse(json!) as { mechanism: string; input: unknown; expected: Record<string, unknown> },
);

for (const { mechanism, input, expected } of examples) {
  test(`the example of ${mechanism} in the document of the rules is what comes out`, (t) => {
    t.deepEqual(JSON.parse(JSON.stringify(solveCase({ mechanism, input }))), expected);
  });
}

test('every rule of our own has an example', (t) => {
  t.deepEqual(
    examples.map(({ mechanism }) => mechanism),
    ['baseline-static-fcfs', 'posted-price', 'spot-preemptible', 'metric-willingness', 'karma'],
  );
});

test('the example of bids and asks is cleared as the document says', (t) => {
  const page = readFileSync(new URL('../../docs/market/orders.md', import.meta.url), 'utf8');
  const [, json] = /```json\n([\s\S]*?)```/.exec(page)!;
  const { expected, ...document } = JSON.parse(json!) as { expected: Record<string, number> };
  const { round, mechanism, parameters, state } = roundInput(document);
  const { fills } = mechanism.clear(round, parameters, state).clearing;
  t.deepEqual(
    Object.fromEntries(fills.map(({ bidId, optionIndex }) => [bidId, optionIndex])),
    expected,
  );
});
