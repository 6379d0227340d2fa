/**
 * `static`: no trade at all. Every organisation keeps the nodes that it owns: the partition of
 * today, against which everything else is compared.
 *
 * Claims: individually rational and truthful, since reports have no effect.
 * Complexity: one look at each order, for the codes of those that could not stand.
 *
 * Example: a bid of 100 for a node that is offered at 1 is not served.
 */
import { compileRound } from '../clearing/instance.ts';
import { emptyClearing } from '../clearing/result.ts';
import type { Mechanism } from '../mechanism.ts';

export const staticPartition: Mechanism = {
  name: 'static',
  version: 1,
  properties: {
    individualRationality: 'always',
    incentiveCompatibility: 'always',
    efficiency: 'never',
    budgetBalance: 'no-money',
    falseNameProofness: 'always',
    gangs: true,
    windows: true,
  },
  clear(round, _parameters, state) {
    const { rejected } = compileRound(round, 'submission', 'submission');
    return { clearing: emptyClearing(round, rejected), state };
  },
};
