/**
 * A round's options and asks as auctions for units: which of them trade one and the same thing.
 *
 * A *bucket* holds the options of one class and window that the same asks may serve: whoever asks
 * for a security level or firmness that every ask on offer has anyway asks for the same thing as
 * everybody else. An organisation that bids in a bucket does not sell in it.
 */
import type { Instance } from '../clearing/instance.ts';
import { compileConstraints } from '../constraints/constraint.ts';
import { isCompatible, termsOf } from '../orders.ts';

export interface Bucket {
  /** Ascending; all of one class and window. */
  readonly options: readonly number[];
  /** Ascending: asks that may serve every one of the options. */
  readonly asks: readonly number[];
  /** The same, and those of organisations that bid in the bucket. */
  readonly compatible: readonly number[];
}

interface Draft {
  readonly options: number[];
  /** The same whoever owns them. */
  readonly compatible: readonly number[];
}

/** Groups options into buckets, by first slot, last slot, class and smallest option. */
export function bucketsOf(instance: Instance, options: readonly number[]): Bucket[] {
  const { optionFrom, optionTo, optionClass, optionBid, bids } = instance;
  const byTerms = new Map<string, Draft>();
  const byWindow = new Map<string, Draft[]>();
  for (const o of options) {
    const window = `${optionFrom[o]} ${optionTo[o]} ${optionClass[o]}`;
    const key = `${window} ${termsOf(bids[optionBid[o]!]!)}`;
    let draft = byTerms.get(key);
    if (!draft) {
      const compatible = compatibleAsks(instance, o);
      const drafts = byWindow.get(window) ?? [];
      draft = drafts.find((other) => sameNumbers(other.compatible, compatible));
      if (!draft) {
        draft = { options: [], compatible };
        drafts.push(draft);
        byWindow.set(window, drafts);
      }
      byTerms.set(key, draft);
    }
    draft.options.push(o);
  }
  const className = (o: number) => instance.nodeClasses[optionClass[o]!]!;
  return [...byWindow.values()]
    .flat()
    .map(({ options: own, compatible }) => ({
      options: own,
      compatible,
      asks: withoutOwners(instance, compatible, own),
    }))
    .sort(({ options: [a] }, { options: [b] }) => {
      const [nameA, nameB] = [className(a!), className(b!)];
      const byClass = nameA < nameB ? -1 : nameA > nameB ? 1 : 0;
      return (
        optionFrom[a!]! - optionFrom[b!]! || optionTo[a!]! - optionTo[b!]! || byClass || a! - b!
      );
    });
}

/** The asks whose terms and window suit an option, its own organisation's among them. */
function compatibleAsks(instance: Instance, o: number): number[] {
  const { asks, askFrom, askTo, askClass } = instance;
  const { constraints = [], ...others } = instance.bids[instance.optionBid[o]!]!;
  const bid = { ...others, organisation: '' };
  const isFulfilled = compileConstraints(constraints);
  const from = instance.optionFrom[o]!;
  const to = instance.optionTo[o]!;
  const nodeClass = instance.optionClass[o]!;
  const found: number[] = [];
  for (let a = 0; a < asks.length; a++) {
    if (askClass[a] !== nodeClass || askFrom[a]! > from || askTo[a]! < to) continue;
    if (isCompatible(bid, asks[a]!) && isFulfilled(asks[a]!.properties)) found.push(a);
  }
  return found;
}

function withoutOwners(
  instance: Instance,
  asks: readonly number[],
  options: readonly number[],
): number[] {
  const bidders = new Uint8Array(instance.organisations.length);
  for (const o of options) bidders[instance.bidOwner[instance.optionBid[o]!]!] = 1;
  return asks.filter((a) => !bidders[instance.askOwner[a]!]);
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, i) => number === b[i]);
}
