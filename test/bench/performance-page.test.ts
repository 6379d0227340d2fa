import { readFileSync } from 'node:fs';
import test from 'ava';
import { verdict } from '../../bench/benchmark.ts';
import { readMarkedBlock, withMarkedBlock } from '../../bench/marked-block.ts';
import {
  PERFORMANCE_BLOCK,
  PERFORMANCE_PAGE,
  performanceTables,
  recordedBenchmarks,
} from '../../bench/performance-page.ts';

test('docs/results/performance.md shows what bench/results/ holds, and verdicts follow from figures', (t) => {
  const recorded = recordedBenchmarks();
  t.true(recorded.length >= 9);
  const page = readFileSync(PERFORMANCE_PAGE, 'utf8');
  t.is(readMarkedBlock(page, PERFORMANCE_BLOCK), performanceTables(recorded).trim());
  for (const { name, figures } of recorded) {
    for (const figure of figures) t.is(figure.verdict, verdict(figure), `${name}: ${figure.what}`);
  }
  const [first, ...others] = recorded;
  const slower = { ...first!, figures: first!.figures.map((f) => ({ ...f, value: f.value * 2 })) };
  t.not(readMarkedBlock(page, PERFORMANCE_BLOCK), performanceTables([slower, ...others]).trim());
});

test('a block is replaced and nothing around it; a document without its place is refused', (t) => {
  const document = 'before\n<!-- begin a -->\nold\n<!-- end a -->\nafter\n';
  const renewed = withMarkedBlock(document, 'a', 'new');
  t.is(renewed, 'before\n<!-- begin a -->\n\nnew\n\n<!-- end a -->\nafter\n');
  t.is(readMarkedBlock(renewed, 'a'), 'new');
  t.throws(() => withMarkedBlock(document, 'b', 'new'), { message: /no place for b/ });
});
