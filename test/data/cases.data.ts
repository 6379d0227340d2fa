/**
 * `ocx clear` on every worked case, graded as the cases' own description has
 * it: numbers within 10⁻⁶ (money within a millicredit a trader), lists of traders as sets, objects
 * key by key, null not graded.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { registerClear } from '../../cli/clear.ts';
import { runCli, temporaryFolder } from '../cli/run.ts';

interface WorkedCase {
  readonly id: string;
  readonly mechanism: string;
  readonly input: unknown;
  readonly expected: Readonly<Record<string, unknown>>;
}

const folder = process.env['OCX_CASES'];
const withCases = folder === undefined ? test.skip : test;
const FIGURE_TOLERANCE = 1e-6;
/** Prices and fees are whole millicredits, payments are split by largest remainder. */
const MONEY_TOLERANCE = 0.0011;
const MONEY =
  /price|range|payment|fee|surplus|deficit|discount|threshold|budget|revenue|welfare|gft|gain/i;

function readCases(): readonly WorkedCase[] {
  const path = join(folder!, 'market.json');
  if (!existsSync(path)) throw new Error('the folder of OCX_CASES has no market.json');
  return JSON.parse(readFileSync(path, 'utf8')).cases;
}

/** The first thing in which an output falls short of what was expected, or null. */
function difference(expected: unknown, found: unknown, path: string): string | null {
  if (expected === null) return null;
  if (typeof expected === 'number') {
    if (typeof found !== 'number') return `${path} is no number`;
    if (path === 'maxUnilateralDeviationGain') {
      return expected > 0 === found > 0 ? null : `${path}: ${found}, expected ${expected}`;
    }
    const tolerance = MONEY.test(path) ? MONEY_TOLERANCE : FIGURE_TOLERANCE;
    const allowed = Math.max(tolerance, FIGURE_TOLERANCE * Math.abs(expected));
    return Math.abs(found - expected) <= allowed ? null : `${path}: ${found}, expected ${expected}`;
  }
  if (Array.isArray(expected)) return listDifference(expected, found, path);
  if (typeof expected === 'object') {
    const own = found as Record<string, unknown> | undefined;
    for (const [key, value] of Object.entries(expected as object)) {
      const below = difference(value, own?.[key], path === '' ? key : `${path}.${key}`);
      if (below) return below;
    }
    return null;
  }
  return expected === found ? null : `${path}: ${String(found)}, expected ${String(expected)}`;
}

function listDifference(expected: readonly unknown[], found: unknown, path: string): string | null {
  if (!Array.isArray(found) || found.length !== expected.length)
    return `${path} has another length`;
  const asSet = expected.every((item) => typeof item === 'string');
  const mine = asSet ? [...found].sort() : found;
  const theirs = asSet ? [...expected].sort() : expected;
  for (const [i, item] of theirs.entries()) {
    const below = difference(item, mine[i], `${path}[${i}]`);
    if (below) return below;
  }
  return null;
}

/** Sellers that a lottery picked must be so many different ones of those in the draw. */
function lotteryFault(found: Record<string, unknown>): string | null {
  const lottery = found['sellerLottery'] as { pick: number; outOf: string[] } | undefined;
  if (!lottery) return null;
  const sellers = found['sellers'] as string[];
  const distinct = new Set(sellers);
  if (distinct.size !== lottery.pick || sellers.length !== lottery.pick)
    return 'wrong number drawn';
  return sellers.every((id) => lottery.outOf.includes(id)) ? null : 'drawn from elsewhere';
}

withCases('ocx clear is right on every worked case', async (t) => {
  const workingDirectory = temporaryFolder(t);
  const cases = readCases();
  let right = 0;
  for (const worked of cases) {
    writeFileSync(join(workingDirectory, 'case.json'), JSON.stringify(worked));
    const result = await runCli(['clear', 'case.json', '--json'], {
      workingDirectory,
      registrations: [registerClear],
    });
    t.is(result.exitCode, 0, `${worked.id}: ${result.stderr}`);
    const found = JSON.parse(result.stdout);
    const fault = difference(worked.expected, found, '') ?? lotteryFault(found);
    t.is(fault, null, worked.id);
    if (fault === null) right += 1;
  }
  t.is(right, cases.length);
});

withCases('the grading finds a wrong answer', (t) => {
  const { expected } = readCases().find(({ id }) => id === 'exchange-threshold-parkes01')!;
  t.is(difference(expected, structuredClone(expected), ''), null);
  const payments = { ...(expected['payments'] as object), s1: -28.002 };
  t.regex(difference(expected, { ...expected, payments }, '')!, /^payments\.s1/);
  t.regex(
    difference(expected, { ...expected, winners: { buyers: ['b2'], sellers: [] } }, '')!,
    /^win/,
  );
});
