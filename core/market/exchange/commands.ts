/** What may be asked of an exchange, and by which fields; the market looks at orders itself. */
import type { CommandShape } from '../../kernel/command-shape.ts';

export const EXCHANGE_COMMANDS = {
  PostBid: { roundId: 'count', bid: 'any' },
  PostAsk: { roundId: 'count', ask: 'any' },
  PostOrders: { roundId: 'count', bids: 'any', asks: 'any' },
  WithdrawOrder: { roundId: 'count', side: ['bid', 'ask'], orderId: 'text' },
  CommitOrders: { roundId: 'count', commitment: 'text' },
  RevealOrders: { roundId: 'count', bids: 'any', asks: 'any', nonce: 'text' },
  ExerciseOption: { optionId: 'name', nodes: 'count', durationMs: 'count' },
  PledgeNodes: { nodeClass: 'name', nodeIds: 'any' },
  ChooseAttester: { attester: 'any' },
  /** By an administrator. */
  AbandonRound: { roundId: 'count' },
  VoidContract: { contractId: 'name' },
  Endow: { transferId: 'text', organisation: 'name', amountMillicredits: 'any', currency: 'name?' },
  ShareOut: { transferId: 'text', poolMillicredits: 'any' },
} as const satisfies Readonly<Record<string, CommandShape>>;

/** What names the thing that a command was about, in its answer; of the others the answer says more. */
export const RESULT_FIELDS: Readonly<Record<string, string>> = {
  PostBid: 'bidId',
  PostAsk: 'askId',
  WithdrawOrder: 'orderId',
  ExerciseOption: 'optionId',
  PledgeNodes: 'nodeClass',
  ChooseAttester: 'attester',
  AbandonRound: 'roundId',
  VoidContract: 'contractId',
  Endow: 'transferId',
  ShareOut: 'transferId',
};
