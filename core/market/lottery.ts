/**
 * Lots of a round: who goes first, and who stands on which side, where a rule needs chance.
 *
 * An organisation's ticket is SHA-256 of the canonical JSON of [round id, seed, organisation]. No
 * bid, rank, order id or nonce goes in, so that there is nothing to try out: an organisation has one
 * ticket a round, whatever it posts and however often. In a sealed round the seed holds the journal's
 * head before commitments opened, so that nobody knows far ahead in which rounds it is lucky; in an
 * open one the seed is the market's own and known, and so are all tickets.
 * Anybody can compute every ticket again. The price of it: one ticket holds for all of a round, so
 * that whoever is last in one class and window is last in all of them.
 *
 * Several names have several tickets. What keeps a party from having them is the register of
 * organisations, not the lottery.
 */
import { canonicalJson } from '../kernel/canonical-json.ts';
import { sha256Words } from '../kernel/sha256.ts';
import type { MarketRound } from './orders.ts';

const HALF_WORD_BITS = 20;

/** The tickets of one round, each computed when it is asked for. */
export class Lottery {
  readonly #roundId: number;
  readonly #seed: string;
  readonly #tickets = new Map<string, number>();

  constructor({ roundId, seed }: Pick<MarketRound, 'roundId' | 'seed'>) {
    this.#roundId = roundId;
    this.#seed = seed;
  }

  /** A whole number below 2⁵², the first 13 hex digits of the hash; the lower one goes first. */
  ticket(organisation: string): number {
    const known = this.#tickets.get(organisation);
    if (known !== undefined) return known;
    const words = sha256Words(canonicalJson([this.#roundId, this.#seed, organisation]));
    const ticket = words[0]! * (1 << HALF_WORD_BITS) + (words[1]! >>> (32 - HALF_WORD_BITS));
    this.#tickets.set(organisation, ticket);
    return ticket;
  }

  /** A total order: by ticket, and should two be the same, by name. */
  compare(a: string, b: string): number {
    return this.ticket(a) - this.ticket(b) || (a < b ? -1 : a > b ? 1 : 0);
  }

  /** A fair coin an organisation: the ticket's last bit. */
  isHeads(organisation: string): boolean {
    return this.ticket(organisation) % 2 === 1;
  }
}
