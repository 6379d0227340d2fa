/**
 * `karma`: whoever lends more than it has to gathers credits, whoever borrows spends them; no money.
 *
 * Paper: Vuppalapati et al., Karma: Resource Allocation for Dynamic Demands, OSDI 2023. There, n users
 * have a fair share of f slices each. (1 − α) f of them are guaranteed, α f are shared. In every quantum
 * each user gets α f free credits; whoever needs less than its guarantee donates the rest, whoever needs
 * more borrows. Slices go one by one to the borrower with the most credits, for one credit each;
 * donated slices are lent before shared ones, those of the donor with the fewest credits first, who
 * gets one credit each. Ties go to the lowest id. `karmaQuantum` is that rule.
 *
 * In a round of the market f is the number of nodes that a member contributes, and owners keep the
 * nodes that they use: what it offers is what a member does not need. Per round:
 * 1. A member gains a credit for each shared node (of ⌊α f⌋) that it offers: α f free credits, less
 *    one for each shared node that it keeps for itself. A new one starts with the mean of those there
 *    are, the first ones with `initialCredits`.
 * 2. Always the organisation with the most credits is granted its next piece (as in `drf`: the
 *    fewest nodes of its earliest bid that fits and that it can pay for, then more in up to 32 steps).
 *    It pays one credit a node-slot.
 * 3. Nodes offered beyond the shared ones are donated (an owner's asks, in order, are its shared nodes
 *    first). Donated nodes are used before shared ones, those of the poorest owner first, who gains a
 *    credit a node-slot. What is gained in a round can be spent from the next one on.
 * Claims: no money. The paper proves Pareto efficiency, online strategy-proofness and fairness over
 * time for divisible slices of one resource; with gangs and windows none is claimed. Not false-name-
 * proof: a second name starts with credits of its own.
 * Complexity: O(32 · options × asks of the class × (steps + log asks) + turns × log organisations).
 *
 * Example (`karmaQuantum`; f = 2, α = ½, credits 10 each): A needs 4, B and C need 1. All get a free
 * credit; A borrows the three shared slices for three. Then: 8, 11, 11.
 *
 * Parameters: `alpha` (0.5), `initialCredits` (1,000,000). State: `credits/ORGANISATION`.
 */
import { Filling } from '../clearing/filling.ts';
import type { Grant } from '../clearing/filling.ts';
import { compileRound } from '../clearing/instance.ts';
import type { Instance } from '../clearing/instance.ts';
import { clearingOf } from '../clearing/result.ts';
import { Turns } from '../clearing/turns.ts';
import type { Mechanism, MechanismParameters, MechanismState } from '../mechanism.ts';
import { MAXIMUM_MEMBERS } from '../members.ts';
import type { MarketRound } from '../orders.ts';

export interface KarmaUser {
  /** Slices needed. */
  readonly demand: number;
  credits: number;
  /** Slices had. */
  allocation: number;
}

/**
 * One quantum of the paper's rule for users in order of their ids. Where slices do not divide evenly
 * everything is rounded down, as in the authors' program.
 */
export function karmaQuantum(users: readonly KarmaUser[], slices: number, alpha: number): void {
  // α · slices may fall short of a whole number by rounding alone.
  let shared = Math.floor(alpha * slices + 1e-9);
  const guaranteed = Math.floor((slices - shared) / users.length);
  const free = Math.floor(shared / users.length);
  const donated = users.map(({ demand }) => Math.max(0, guaranteed - demand));
  for (const user of users) {
    user.credits += free;
    user.allocation = Math.min(user.demand, guaranteed);
  }
  for (;;) {
    const borrower = richestBorrower(users);
    if (!borrower) return;
    const donor = poorestDonor(users, donated);
    if (donor >= 0) {
      donated[donor]! -= 1;
      users[donor]!.credits += 1;
    } else if (shared > 0) shared -= 1;
    else return;
    borrower.credits -= 1;
    borrower.allocation += 1;
  }
}

function richestBorrower(users: readonly KarmaUser[]): KarmaUser | undefined {
  let richest: KarmaUser | undefined;
  for (const user of users) {
    if (user.allocation >= user.demand || user.credits < 1) continue;
    if (!richest || user.credits > richest.credits) richest = user;
  }
  return richest;
}

/** −1: nothing is donated any more. */
function poorestDonor(users: readonly KarmaUser[], donated: readonly number[]): number {
  let poorest = -1;
  users.forEach(({ credits }, i) => {
    if (donated[i]! > 0 && (poorest < 0 || credits < users[poorest]!.credits)) poorest = i;
  });
  return poorest;
}

export const karma: Mechanism = {
  name: 'karma',
  version: 1,
  heedsOneSide: true,
  properties: {
    individualRationality: 'never',
    incentiveCompatibility: 'never',
    efficiency: 'never',
    budgetBalance: 'no-money',
    falseNameProofness: 'never',
    gangs: true,
    windows: true,
  },
  clear(round, parameters, state) {
    const instance = compileRound(round, 'submission', 'tightest');
    const accounts = new Accounts(round, instance, parameters, state);
    const filling = new Filling(instance, (asks) => asks.sort((a, b) => accounts.order(a, b)));
    const { organisations, optionSlots } = instance;
    const turns = new Turns(organisations.length, (a, b) => {
      const difference = accounts.purse[b]! - accounts.purse[a]!;
      return difference < 0 || (difference === 0 && organisations[a]! < organisations[b]!);
    });
    for (let who = turns.first(); who !== undefined; who = turns.first()) {
      const purse = accounts.purse[who]!;
      const grant = filling.turn(who, (o) => Math.floor(purse / optionSlots[o]!));
      if (grant === null) turns.dropFirst();
      else {
        accounts.book(who, grant);
        turns.moveFirst();
      }
    }
    const payment = new Array<number>(instance.bids.length).fill(0);
    const receipt = new Array<number>(instance.asks.length).fill(0);
    const clearing = clearingOf(round, filling.allocation, payment, receipt);
    return { clearing, state: accounts.closed() };
  },
};

/** Credits of one round. */
class Accounts {
  /** What each organisation of the round can spend in it. */
  readonly purse: Float64Array;
  readonly #instance: Instance;
  readonly #state: Record<string, number>;
  readonly #earned: Float64Array;
  /** By ask: donated node-slots that are not lent yet. */
  readonly #donated: Float64Array;

  constructor(
    round: MarketRound,
    instance: Instance,
    parameters: MechanismParameters,
    state: MechanismState,
  ) {
    this.#instance = instance;
    this.#state = withNewcomers(round, instance, parameters, state);
    this.#donated = new Float64Array(instance.asks.length);
    this.#earned = new Float64Array(instance.organisations.length);
    const alpha = Math.min(1, Math.max(0, parameters['alpha'] ?? 0.5));
    const sharedLeft = sharedNodes(round, instance, alpha);
    instance.asks.forEach(({ nodes, startSlot, endSlot }, a) => {
      const owner = instance.askOwner[a]!;
      const shared = Math.min(nodes, sharedLeft[owner]!);
      sharedLeft[owner]! -= shared;
      this.#donated[a] = (nodes - shared) * (endSlot - startSlot);
      const key = keyOf(instance.organisations[owner]!);
      if (key in this.#state) this.#state[key]! += shared;
    });
    this.purse = Float64Array.from(instance.organisations, (name) => this.#state[keyOf(name)] ?? 0);
  }

  /** Donated before shared, then the poorest owner's, then the lower name's, then the tightest. */
  order(a: number, b: number): number {
    const { askOwner, organisations, asks } = this.#instance;
    const isDonated = Number(this.#donated[b]! > 0) - Number(this.#donated[a]! > 0);
    if (isDonated !== 0) return isDonated;
    const [mine, other] = [askOwner[a]!, askOwner[b]!];
    const richer = this.#wealth(mine) - this.#wealth(other);
    if (richer !== 0) return richer;
    if (mine !== other) return organisations[mine]! < organisations[other]! ? -1 : 1;
    const length = (ask: number) => asks[ask]!.endSlot - asks[ask]!.startSlot;
    return length(a) - length(b) || a - b;
  }

  book(borrower: number, { option, parts, nodes }: Grant): void {
    const slots = this.#instance.optionSlots[option]!;
    this.purse[borrower]! -= nodes * slots;
    for (let p = 0; p < parts.length; p += 2) {
      const a = parts[p]!;
      const gained = Math.min(parts[p + 1]! * slots, this.#donated[a]!);
      this.#donated[a]! -= gained;
      this.#earned[this.#instance.askOwner[a]!]! += gained;
    }
  }

  /** What is carried on: members only, since names are free and memory is not. */
  closed(): MechanismState {
    this.#instance.organisations.forEach((name, i) => {
      const key = keyOf(name);
      if (key in this.#state) this.#state[key] = this.purse[i]! + this.#earned[i]!;
    });
    return this.#state;
  }

  #wealth(organisation: number): number {
    return this.purse[organisation]! + this.#earned[organisation]!;
  }
}

function keyOf(organisation: string): string {
  return `credits/${organisation}`;
}

function initialOf(parameters: MechanismParameters): number {
  return Math.max(0, Math.floor(parameters['initialCredits'] ?? 1_000_000));
}

/** The state with a credit account for every member; without members, for whoever has an order. */
function withNewcomers(
  { members }: MarketRound,
  { organisations }: Instance,
  parameters: MechanismParameters,
  state: MechanismState,
): Record<string, number> {
  const names = members?.map(({ organisation }) => organisation) ?? organisations;
  const accounts: Record<string, number> = { ...state };
  const there = Object.keys(state).filter((key) => key.startsWith('credits/'));
  const sum = there.reduce((total, key) => total + state[key]!, 0);
  const start = there.length > 0 ? Math.floor(sum / there.length) : initialOf(parameters);
  let room = MAXIMUM_MEMBERS - there.length;
  for (const name of names) {
    if (keyOf(name) in accounts || room <= 0) continue;
    accounts[keyOf(name)] = start;
    room -= 1;
  }
  return accounts;
}

/** ⌊α f⌋ of each organisation of the round; f is what it offers where nobody says better. */
function sharedNodes({ members }: MarketRound, instance: Instance, alpha: number): Float64Array {
  const { organisations, asks, askOwner } = instance;
  const offered = new Float64Array(organisations.length);
  asks.forEach(({ nodes }, a) => (offered[askOwner[a]!]! += nodes));
  const contributed = new Map(
    members?.map(({ organisation, contributedNodes }) => [organisation, contributedNodes]),
  );
  return Float64Array.from(organisations, (name, i) => {
    const fairShare = members ? (contributed.get(name) ?? 0) : offered[i]!;
    return Math.floor(alpha * fairShare + 1e-9);
  });
}
