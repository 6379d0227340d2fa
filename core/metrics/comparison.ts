/** What all metrics are computed from: the runs of every variant, replication by replication. */
import type { RunOutcome, OrganisationOutcome } from './outcome.ts';
import type { Rarity } from '../demand/demand.ts';
import { HOUR_MS } from '../kernel/units.ts';
import type { TimeMs } from '../kernel/units.ts';

/** Where a run leaves that of another variant. */
export interface ForkOrigin {
  readonly variant: string;
  readonly day: number;
}

export interface VariantRuns {
  readonly name: string;
  readonly mechanism: string;
  readonly method: 'bmi' | 'foreman';
  readonly attestation: boolean;
  readonly reflashMinutes: number;
  /** Whose run it goes on from, and when; absent where it begins at the beginning. */
  readonly forkedFrom?: ForkOrigin;
  /** One a replication, in order. */
  readonly runs: readonly RunOutcome[];
  /** The same without what is rare, where the others are conditioned on it. */
  readonly calmRuns?: readonly RunOutcome[];
}

export interface ComparedClass {
  readonly name: string;
  /** Its nodes have a TPM. */
  readonly attestable: boolean;
  readonly costPerHour: number;
}

export interface Comparison {
  readonly windowStartMs: TimeMs;
  readonly windowEndMs: TimeMs;
  readonly nodeClasses: readonly ComparedClass[];
  readonly installedNodes: number;
  /** Worth of a useful node-hour to an organisation, credits. */
  readonly nodeHourValue: Readonly<Record<string, number>>;
  /** Set-up and release of a lease without security needs, seconds, by method. */
  readonly overheadSeconds: { readonly bmi: number; readonly foreman: number };
  /** `static` first. */
  readonly variants: readonly VariantRuns[];
  /** What `runs` are conditioned on; absent: nothing. */
  readonly rarity?: Rarity;
  /** Name of the variant that the headline speaks of. */
  readonly main: string;
}

export const STATIC = 'static';

export function variantNamed(comparison: Comparison, name: string): VariantRuns {
  return comparison.variants.find((variant) => variant.name === name)!;
}

/** A variant that is like the main one but for what `differs` says, or undefined. */
export function variantLikeMain(
  comparison: Comparison,
  differs: (variant: VariantRuns, main: VariantRuns) => boolean,
): VariantRuns | undefined {
  const main = variantNamed(comparison, comparison.main);
  return comparison.variants.find(
    (variant) =>
      variant.name !== main.name && variant.mechanism === main.mechanism && differs(variant, main),
  );
}

/** One number a replication: a sum over the organisations that `include` picks. */
export function sumOver(
  variant: VariantRuns,
  pick: (organisation: OrganisationOutcome) => number,
  include: (organisation: OrganisationOutcome) => boolean = () => true,
): number[] {
  return variant.runs.map((run) =>
    run.organisations.filter(include).reduce((sum, organisation) => sum + pick(organisation), 0),
  );
}

export function nodeHours(nodeMs: number): number {
  return nodeMs / HOUR_MS;
}

export function metHours(organisation: OrganisationOutcome): number {
  return nodeHours(organisation.metNodeMs);
}

export function demandHours(organisation: OrganisationOutcome): number {
  return nodeHours(organisation.demandNodeMs);
}
