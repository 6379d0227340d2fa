/**
 * What lying would have brought: the gain of one organisation that deviates while all others stay as
 * they are, on the same traces and draws, and a small game between truth and shading.
 *
 * Method: unilateral deviations over a grid are a lower bound on the regret of the truth; the game is
 * an empirical one in the sense of Wellman, "Methods for empirical game-theoretic analysis", AAAI
 * 2006. The best deviation of an organisation is chosen by its mean over all replications, so that
 * the luck of one replication is not mistaken for a gain.
 */
import type { Estimate, MaybeEstimate } from './estimate.ts';
import type { ProfileOutcome, RunOutcome } from './outcome.ts';
import { estimate, mean, pairedDifference, ratioOfMeans } from './statistics.ts';

/** Name of the deviation that is none. */
export const TRUTHFUL = 'truthful';

/** What an organisation would gain by one deviation. */
export interface OrganisationDeviation {
  readonly name: string;
  /** The one that brings most, be it a loss. */
  readonly deviation: string;
  /** Utility with it − utility with the truth, credits. */
  readonly gainCredits: Estimate;
  /** The same for every deviation that was tried. */
  readonly gains: Readonly<Record<string, Estimate>>;
}

/** How far a variant is from rewarding the truth. */
export interface DeviationGain {
  /** Mean over the organisations of their best deviation's gain, 0 where none pays, credits. */
  readonly meanCredits: Estimate;
  /** The same of all organisations together, ÷ reported surplus of all rounds. */
  readonly shareOfSurplus: MaybeEstimate;
  readonly largest: {
    readonly organisation: string;
    readonly deviation: string;
    readonly gainCredits: Estimate;
  };
  readonly organisations: readonly OrganisationDeviation[];
  readonly game?: EmpiricalGame;
}

/** Truth against shading: what an organisation gets by its own choice and that of all others. */
export interface EmpiricalGame {
  /** Mean utility of an organisation that reports the first way where all others do the second. */
  readonly truthAmongTruth: Estimate;
  readonly shadeAmongTruth: Estimate;
  readonly truthAmongShade: Estimate;
  readonly shadeAmongShade: Estimate;
  /** Most that any organisation would gain by leaving, credits; 0: nobody would. */
  readonly truthRegretCredits: number;
  readonly shadeRegretCredits: number;
}

/** Utility: value of met demand + receipts − payments, millicredits. */
export function utilitiesOf(run: RunOutcome): Record<string, number> {
  return Object.fromEntries(
    run.organisations.map((entry) => [entry.name, entry.valueMillicredits + entry.netMillicredits]),
  );
}

/**
 * @param runs of one variant
 * @param profiles of the same variant; undefined where none were played
 */
export function deviationGain(
  runs: readonly RunOutcome[],
  profiles: readonly ProfileOutcome[],
): DeviationGain | undefined {
  const tried = profiles.filter(({ others }) => others === null);
  if (tried.length === 0) return undefined;
  const replications = [...new Set(tried.map(({ replication }) => replication))].sort(
    (a, b) => a - b,
  );
  const usual = new Map(runs.map((run) => [run.replication, run]));
  const names = runs[0]!.organisations.map(({ name }) => name);
  const own = new Map(names.map((name) => [name, gainsOf(name, tried, usual, replications)]));
  const organisations = names.map((name) => bestOf(name, own.get(name)!));
  const regrets = replications.map((_, index) =>
    organisations.map(({ name, deviation, gainCredits }) =>
      gainCredits.mean > 0 ? own.get(name)!.get(deviation)![index]! : 0,
    ),
  );
  const surplus = replications.map((replication) =>
    usual
      .get(replication)!
      .market!.rounds.reduce((sum, { welfareMillicredits }) => sum + welfareMillicredits / 1000, 0),
  );
  const [first, ...rest] = organisations;
  const largest = rest.reduce(
    (most, entry) => (entry.gainCredits.mean > most.gainCredits.mean ? entry : most),
    first!,
  );
  const { name: organisation, deviation, gainCredits } = largest;
  const game = empiricalGame(names, profiles, replications);
  return {
    meanCredits: estimate(regrets.map(mean)),
    shareOfSurplus: ratioOfMeans(
      regrets.map((list) => list.reduce((sum, gain) => sum + gain, 0)),
      surplus,
      0,
      'nothing was traded',
    ),
    largest: { organisation, deviation, gainCredits },
    organisations,
    ...(game ? { game } : {}),
  };
}

/** Gains of an organisation by deviation, credits, one a replication. */
function gainsOf(
  name: string,
  tried: readonly ProfileOutcome[],
  usual: ReadonlyMap<number, RunOutcome>,
  replications: readonly number[],
): Map<string, number[]> {
  const mine = tried.filter(({ organisation }) => organisation === name);
  const at = (deviation: string, replication: number) =>
    mine.find((entry) => entry.own === deviation && entry.replication === replication)
      ?.utilityMillicredits[name];
  const deviations = new Set(mine.map((entry) => entry.own).filter((entry) => entry !== TRUTHFUL));
  return new Map(
    [...deviations].map((deviation) => [
      deviation,
      replications.map((replication) => {
        // Who is truthful anyway needs no run of its own for it.
        const truth = at(TRUTHFUL, replication) ?? utilitiesOf(usual.get(replication)!)[name]!;
        return (at(deviation, replication)! - truth) / 1000;
      }),
    ]),
  );
}

function bestOf(name: string, byDeviation: ReadonlyMap<string, number[]>): OrganisationDeviation {
  const gains = [...byDeviation].map(([deviation, list]) => [deviation, estimate(list)] as const);
  const [deviation, gainCredits] = gains.reduce((most, entry) =>
    entry[1].mean > most[1].mean ? entry : most,
  );
  return { name, deviation, gainCredits, gains: Object.fromEntries(gains) };
}

function empiricalGame(
  names: readonly string[],
  profiles: readonly ProfileOutcome[],
  replications: readonly number[],
): EmpiricalGame | undefined {
  const played = profiles.filter(({ others }) => others !== null);
  if (played.length === 0) return undefined;
  /** By organisation: utility of each replication, credits. */
  const utility = (isShading: boolean, doOthers: boolean) =>
    names.map((name) =>
      replications.map((replication) => {
        const found = played.find(
          (entry) =>
            entry.replication === replication &&
            (entry.own !== TRUTHFUL) === isShading &&
            (entry.others !== TRUTHFUL) === doOthers &&
            (entry.organisation === null || entry.organisation === name),
        )!;
        return found.utilityMillicredits[name]! / 1000;
      }),
    );
  const [tt, st] = [utility(false, false), utility(true, false)];
  const [ts, ss] = [utility(false, true), utility(true, true)];
  const overall = (lists: readonly number[][]) =>
    estimate(replications.map((_, index) => mean(lists.map((list) => list[index]!))));
  const regret = (leaving: readonly number[][], staying: readonly number[][]) =>
    Math.max(0, ...leaving.map((list, index) => pairedDifference(list, staying[index]!).mean));
  return {
    truthAmongTruth: overall(tt),
    shadeAmongTruth: overall(st),
    truthAmongShade: overall(ts),
    shadeAmongShade: overall(ss),
    truthRegretCredits: regret(st, tt),
    shadeRegretCredits: regret(ts, ss),
  };
}
