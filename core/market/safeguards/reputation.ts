/**
 * Reputation: a spotless record lowers the deposit, never below what the configuration says, and a
 * new name starts with the whole deposit, so that changing names gains nothing.
 *
 * With s contracts kept and f broken the record is worth the mean of a beta(s + 1, f + 1)
 * distribution, (s + 1) / (s + f + 2): ½ for a new name. The discount is the most there is times
 * twice what the mean is above ½.
 *
 * Costs: deposits that a former honest member no longer has when it turns.
 */
import { multiplyDivide } from '../amounts.ts';
import type { ReputationTerms } from './configuration.ts';
import type { SafeguardMemory, TrackRecord } from './memory.ts';
import type { Safeguard } from './safeguard.ts';

export const reputation: Safeguard = {
  name: 'reputation',
  settled({ live, outcome }, { memory }) {
    const { buyer, seller } = live.contract;
    if (outcome === 'void') return;
    note(memory, buyer, outcome !== 'defaulted-buyer');
    note(memory, seller, outcome !== 'defaulted-seller');
  },
};

function note(memory: SafeguardMemory, organisation: string, kept: boolean): void {
  let record = memory.records.get(organisation);
  if (!record) memory.records.set(organisation, (record = { successes: 0, failures: 0 }));
  if (kept) record.successes += 1;
  else record.failures += 1;
}

/** Discount on the deposits of an organisation with this record, in parts per million. */
export function depositDiscount(terms: ReputationTerms, record: TrackRecord | undefined): number {
  const { successes: s, failures: f } = record ?? { successes: 0, failures: 0 };
  // 2 · ((s + 1) / (s + f + 2) − ½) = (s − f) / (s + f + 2)
  if (s <= f) return 0;
  return multiplyDivide(terms.mostDiscountPartsPerMillion, s - f, s + f + 2);
}
