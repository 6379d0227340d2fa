/**
 * Variants that go on from another variant's state (`from`, `forkDay`): what they may change is what
 * nothing in that state was made from. Everything else is refused by name, so that no run goes on
 * with half of a change (ADR 16).
 */
import { OcxError } from '../../core/kernel/errors.ts';
import { DAY_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { nearestRemedy } from './nearest.ts';
import type { Scenario, Variant } from './schema.ts';

/** Where a variant's run begins: in the state that another variant's run has at a time. */
export interface Fork {
  readonly from: string;
  /** Before everything that happens at that time. */
  readonly atMs: TimeMs;
}

/** Keys that may differ from the variant that is gone on from; `*` is any name. */
export const FORK_KEYS: readonly string[] = [
  'market.mechanism',
  'market.parameters.*',
  'market.epochMinutes',
  'market.horizonSlots',
  'market.depositShare',
  'market.recallPenaltyShare',
  'market.preemptionNoticeMinutes',
  'market.extraRounds',
  'market.forward.mechanism',
  'market.forward.parameters.*',
  'market.spot.mechanism',
  'market.spot.parameters.*',
  'market.options.mechanism',
  'market.options.parameters.*',
  'provisioning.method',
  'provisioning.attestation',
  'provisioning.reflashMinutes',
  'organisation.*.strategy',
  'organisation.*.strategyParameters.*',
  'organisation.*.policy.bidAfterMinutes',
  'organisation.*.policy.headRoomShare',
  'organisation.*.policy.scaleUpMinutes',
  'organisation.*.policy.leaseHours',
  'organisation.*.policy.emergencyNodes',
  'organisation.*.policy.lendsFirm',
  'organisation.*.policy.recallNoticeMinutes',
  'organisation.*.policy.sellsBusyNodes',
  'organisation.*.policy.reshapes',
  'organisation.*.policy.acceptsRecall',
];

/** What a variant says of where it begins; null for one that begins at the beginning. */
export function forkOf(
  variant: Variant,
  variants: readonly Variant[],
  { warmUpDays, horizonDays }: Scenario,
  file: string,
): Fork | null {
  const { name, from, forkDay = warmUpDays } = variant;
  const fail = (key: string, message: string, remedy: string): never => {
    const place = { file, keyPath: `variant.${name}.${key}` };
    throw new OcxError({ code: 'INPUT_SCENARIO_VALUE', message, place, remedy });
  };
  if (from === undefined) {
    if (variant.forkDay === undefined) return null;
    return fail('forkDay', 'it goes on from no other variant', 'say from which, with `from`');
  }
  const others = variants.filter((other) => other.name !== name);
  const base = others.find((other) => other.name === from);
  if (!base) {
    const names = others.map((other) => other.name);
    const message = `no other variant is called ${JSON.stringify(from)}`;
    return fail('from', message, nearestRemedy(from, names));
  }
  if (base.from !== undefined) {
    const message = `${from} goes on from another variant itself`;
    return fail('from', message, `go on from ${base.from}`);
  }
  if (forkDay >= horizonDays) {
    const message = `day ${forkDay} is not before the end of the run`;
    return fail('forkDay', message, `give a day before ${horizonDays}`);
  }
  return { from, atMs: Math.round(forkDay * DAY_MS) };
}

/** @throws OcxError INPUT_SCENARIO_VALUE for the first key that differs and may not */
export function checkFork(name: string, base: Scenario, own: Scenario, file: string): void {
  const allowed = FORK_KEYS.map((key) => key.split('.'));
  for (const path of differences(base, own, [])) {
    const isAllowed = allowed.some(
      (key) =>
        key.length === path.length && key.every((part, at) => part === '*' || part === path[at]),
    );
    if (isAllowed) continue;
    throw new OcxError({
      code: 'INPUT_SCENARIO_VALUE',
      message: `${path.join('.')} cannot change in the middle of a run`,
      place: { file, keyPath: `variant.${name}.set` },
      remedy: 'leave out `from`; docs/forks.md lists what can change',
    });
  }
}

/** Paths of the values that differ; tables in arrays go by their name. */
function differences(one: unknown, other: unknown, path: readonly string[]): string[][] {
  if (!isTable(one) || !isTable(other)) {
    return JSON.stringify(one) === JSON.stringify(other) ? [] : [[...path]];
  }
  const [mine, its] = [entriesOf(one), entriesOf(other)];
  return [...new Set([...mine.keys(), ...its.keys()])].flatMap((key) =>
    differences(mine.get(key), its.get(key), [...path, key]),
  );
}

function isTable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && (!Array.isArray(value) || isNamed(value));
}

function isNamed(list: readonly unknown[]): boolean {
  return list.length > 0 && list.every((item) => (item as { name?: unknown } | null)?.name);
}

function entriesOf(table: object): Map<string, unknown> {
  if (!Array.isArray(table)) return new Map(Object.entries(table));
  return new Map(table.map((item: { readonly name: string }) => [item.name, item]));
}
