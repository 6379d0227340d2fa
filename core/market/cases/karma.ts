/** Case `karma`: quantum after quantum of the rule in `mechanisms/karma.ts`, ties to the lower id. */
import { karmaQuantum } from '../mechanisms/karma.ts';
import type { KarmaUser } from '../mechanisms/karma.ts';
import type { CaseSolver } from './case.ts';
import { asCount, asList, asNumber, asRecord, asText, invalid, keyed, member } from './input.ts';

/** Slices × users × quanta that one case may have. */
const MOST_WORK = 1e8;
const MOST_SLICES = 1_000_000;

/** Input `{demands: [{user: slices}, …], totalSlices, alpha, initialCredits, users: [id, …]}`. */
export const solveKarma: CaseSolver = (input) => {
  const record = asRecord(input, 'input');
  const ids = asList(record['users'], 'users').map((id, i) => asText(id, `users[${i}]`));
  if (ids.length === 0) throw invalid('users', 'at least one user is needed');
  if (new Set(ids).size !== ids.length) throw invalid('users', 'a user is there twice');
  ids.sort();
  const slices = asCount(record['totalSlices'], 'totalSlices', 0, MOST_SLICES);
  const alpha = asNumber(record['alpha'], 'alpha');
  if (alpha < 0 || alpha > 1) throw invalid('alpha', 'a number from 0 to 1 is needed');
  const initial = asCount(record['initialCredits'], 'initialCredits');
  const quanta = asList(record['demands'], 'demands').map((value, i) =>
    readDemands(value, `demands[${i}]`, ids),
  );
  if (slices * ids.length * quanta.length > MOST_WORK) {
    throw invalid('demands', `slices × users × quanta are more than ${MOST_WORK}`);
  }
  let credits = ids.map(() => initial);
  const rounds = quanta.map((demands) => {
    const users = ids.map((_, i): KarmaUser => {
      return { demand: demands[i]!, credits: credits[i]!, allocation: 0 };
    });
    karmaQuantum(users, slices, alpha);
    credits = users.map((user) => user.credits);
    return {
      alloc: keyed(ids.map((id, i) => [id, users[i]!.allocation] as const)),
      credits: keyed(ids.map((id, i) => [id, credits[i]!] as const)),
    };
  });
  return { rounds };
};

/** By user, in their order; whoever is not named needs nothing. */
function readDemands(value: unknown, keyPath: string, ids: readonly string[]): number[] {
  const demands = asRecord(value, keyPath);
  const stranger = Object.keys(demands).find((id) => !ids.includes(id));
  if (stranger !== undefined) throw invalid(`${keyPath}.${stranger}`, 'it is none of the users');
  return ids.map((id) => asCount(member(demands, id) ?? 0, `${keyPath}.${id}`));
}
