/**
 * Adversary: reports less than the truth as a buyer and more as a seller.
 *
 * Paper: Chatterjee & Samuelson, "Bargaining under incomplete information", Oper. Res. 31 (1983):
 * in a double auction both sides shade where their own report moves the price.
 * Rule: every bid is scaled by one factor, every ask by another.
 *
 * Parameters: `bid` (default 0.8), `ask` (default 1.25).
 */
import type { Strategy } from '../agent.ts';
import { ordersFromView } from '../orders-from-view.ts';

export const shader: Strategy = {
  name: 'shader',
  decide(view, terms, _fills, memory, parameters) {
    const bid = Math.max(0, parameters['bid'] ?? 0.8);
    const ask = Math.max(0, parameters['ask'] ?? 1.25);
    return { orders: ordersFromView(view, terms, { bid: () => bid, ask: () => ask }), memory };
  },
};
