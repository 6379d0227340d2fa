/**
 * Case `drf`: progressive filling as in `mechanisms/drf.ts`, with tasks of several resources.
 *
 * The user with the lowest dominant share over weight gets its next task, ties to the lower id; a
 * user whose task does not fit is out. Input `{capacity: [c, …], demandPerTask: {user: [d, …]},
 * weights?: {user: w}}`.
 */
import { Turns } from '../clearing/turns.ts';
import type { CaseSolver } from './case.ts';
import { asNumber, asNumbers, asRecord, entriesOf, invalid, keyed, member } from './input.ts';

interface User {
  readonly id: string;
  readonly demand: readonly number[];
  readonly weight: number;
  tasks: number;
}

/** Tasks that all users together could have; more are not a worked case. */
const MOST_TASKS = 1_000_000;
/** Room for rounding in sums of demands that are no whole numbers. */
const ROUNDING = 1e-12;

export const solveDrf: CaseSolver = (input) => {
  const record = asRecord(input, 'input');
  const capacity = asNumbers(record['capacity'], 'capacity');
  if (capacity.some((amount) => amount < 0)) throw invalid('capacity', 'it is not negative');
  const weights = asRecord(member(record, 'weights') ?? {}, 'weights');
  const users = entriesOf(record['demandPerTask'], 'demandPerTask').map(([id, value]) =>
    readUser(id, value, member(weights, id) ?? 1, capacity.length),
  );
  refuseEndless(users, capacity);
  const standing = users.map(() => 0);
  const turns = new Turns(users.length, (a, b) => {
    const difference = standing[a]! - standing[b]!;
    return difference < 0 || (difference === 0 && a < b);
  });
  const usedOf = (resource: number) =>
    users.reduce((sum, { tasks, demand }) => sum + tasks * demand[resource]!, 0);
  const used = capacity.map(() => 0);
  for (let who = turns.first(); who !== undefined; who = turns.first()) {
    const user = users[who]!;
    const fits = capacity.every(
      (amount, r) => used[r]! + user.demand[r]! <= amount * (1 + ROUNDING),
    );
    if (!fits) {
      turns.dropFirst();
      continue;
    }
    user.tasks += 1;
    user.demand.forEach((amount, r) => (used[r]! += amount));
    standing[who] = dominantShare(user, capacity, user.weight);
    turns.moveFirst();
  }
  return {
    tasks: keyed(users.map(({ id, tasks }) => [id, tasks] as const)),
    used: capacity.map((_, r) => usedOf(r)),
    dominantShare: keyed(users.map((user) => [user.id, dominantShare(user, capacity, 1)] as const)),
  };
};

function readUser(id: string, value: unknown, weight: unknown, resources: number): User {
  const keyPath = `demandPerTask.${id}`;
  const demand = asNumbers(value, keyPath);
  if (demand.length !== resources) throw invalid(keyPath, 'one entry a resource is needed');
  if (demand.some((amount) => amount < 0)) throw invalid(keyPath, 'a demand is not negative');
  const own = asNumber(weight, `weights.${id}`);
  if (own <= 0) throw invalid(`weights.${id}`, 'a weight is above 0');
  return { id, demand, weight: own, tasks: 0 };
}

function refuseEndless(users: readonly User[], capacity: readonly number[]): void {
  let all = 0;
  for (const { id, demand } of users) {
    const most = demand.map((amount, r) => (amount > 0 ? capacity[r]! / amount : Infinity));
    all += Math.min(...most);
    if (!(all <= MOST_TASKS)) {
      throw invalid(`demandPerTask.${id}`, `tasks so small that more than ${MOST_TASKS} fit`);
    }
  }
}

/** One division, so that equal shares are equal numbers where demands are whole. */
function dominantShare(
  { demand, tasks }: User,
  capacity: readonly number[],
  weight: number,
): number {
  let largest = 0;
  if (tasks === 0) return largest;
  demand.forEach((amount, r) => {
    if (amount > 0) largest = Math.max(largest, (tasks * amount) / (capacity[r]! * weight));
  });
  return largest;
}
