import test from 'ava';
import fc from 'fast-check';
import type { Contract, LeaseReportKind, LiveContract } from '../../core/market/contracts.ts';
import { CONTRACT_TRANSITIONS, mayBecome } from '../../core/market/contracts.ts';
import { settleContract } from '../../core/market/settlement.ts';
import type { Settlement } from '../../core/market/settlement.ts';

/** Two nodes for 100 ms at 1,000, of which the seller gets 900; deposits 100 and 90. */
function contract(of: Partial<Contract> = {}): LiveContract {
  return {
    number: 1,
    contract: {
      contractId: 'c1',
      roundId: 1,
      buyer: 'buyer',
      seller: 'seller',
      nodeClass: 'A',
      nodes: 2,
      startMs: 0,
      endMs: 100,
      priceMillicredits: 1_000,
      receiptMillicredits: 900,
      recall: null,
      securityLevel: 'none',
      wantRef: 'b',
      optionIndex: 0,
      askId: 'a',
      ...of,
    },
    state: 'running',
    buyerDepositMillicredits: 100,
    sellerDepositMillicredits: 90,
  };
}

const RECALL = { noticeMs: 10, penaltyPartsPerMillion: 200_000 };
const RICH = { buyer: 10_000, seller: 10_000 };

function posted({ postings }: Settlement): Record<string, number> {
  return Object.fromEntries(postings.map((p) => [p.account, p.amountMillicredits]));
}

test('what was delivered in full is paid in full and both deposits come back', (t) => {
  const settlement = settleContract(contract(), 'ended', 200, RICH);
  t.is(settlement.outcome, 'completed');
  t.deepEqual(posted(settlement), {
    '/escrow': -190,
    buyer: 100 - 1_000,
    seller: 90 + 900,
    '/exchange': 100,
  });
});

test('what was delivered in part is paid pro rata', (t) => {
  const { buyerPaidMillicredits, sellerReceivedMillicredits } = settleContract(
    contract(),
    'ended',
    50,
    RICH,
  );
  t.deepEqual([buyerPaidMillicredits, sellerReceivedMillicredits], [250, 225]);
});

test('a recall under the terms costs the owner the penalty on the rest of the price', (t) => {
  const settlement = settleContract(contract({ recall: RECALL }), 'recalled', 50, RICH);
  t.is(settlement.outcome, 'recalled');
  t.is(settlement.buyerPaidMillicredits, 250 - 150);
  t.is(settlement.sellerReceivedMillicredits, 225 - 150);
});

test('a recall of a firm lease, and no delivery at all, forfeit the seller`s deposit', (t) => {
  for (const [how, delivered] of [
    ['recalled', 50],
    ['not-delivered', 0],
  ] as const) {
    const settlement = settleContract(contract(), how, delivered, RICH);
    t.is(settlement.outcome, 'defaulted-seller');
    t.is(settlement.buyerPaidMillicredits, delivered * 5 - 90);
  }
});

test('nodes that are not taken forfeit the buyer`s deposit', (t) => {
  const settlement = settleContract(contract(), 'not-taken', 0, RICH);
  t.is(settlement.outcome, 'defaulted-buyer');
  t.deepEqual(posted(settlement), { '/escrow': -190, seller: 90 + 100 });
});

test('a broken node and a void contract cost nobody more than what was delivered', (t) => {
  for (const how of ['failed', 'void'] as const) {
    const settlement = settleContract(contract(), how, 0, RICH);
    t.is(settlement.outcome, 'void');
    t.deepEqual(posted(settlement), { '/escrow': -190, buyer: 100, seller: 90 });
  }
});

test('a buyer who cannot pay pays what there is and is in default', (t) => {
  const settlement = settleContract(contract(), 'ended', 200, { buyer: 400, seller: 0 });
  t.is(settlement.outcome, 'defaulted-buyer');
  t.is(settlement.buyerPaidMillicredits, 500);
  t.is(settlement.sellerReceivedMillicredits, 450);
});

test('an owner who cannot pay a penalty pays what there is', (t) => {
  const dear = contract({ recall: { noticeMs: 0, penaltyPartsPerMillion: 1_000_000 } });
  const settlement = settleContract(dear, 'recalled', 0, { buyer: 0, seller: 5 });
  t.is(settlement.sellerReceivedMillicredits, -95);
  t.is(settlement.buyerPaidMillicredits, -95);
});

test('every settlement is balanced and leaves nobody overdrawn', (t) => {
  const kinds: (LeaseReportKind | 'void')[] = [
    'ended',
    'recalled',
    'not-delivered',
    'not-taken',
    'failed',
    'void',
  ];
  fc.assert(
    fc.property(
      fc.record({
        price: fc.nat(2 ** 43),
        receipt: fc.nat(2 ** 43),
        deposits: fc.tuple(fc.nat(1_000_000), fc.nat(1_000_000)),
        free: fc.tuple(fc.nat(2 ** 44), fc.nat(2 ** 44)),
        how: fc.constantFrom(...kinds),
        delivered: fc.nat(200),
        penalty: fc.option(fc.nat(1_000_000)),
      }),
      ({ price, receipt, deposits, free, how, delivered, penalty }) => {
        const live = {
          ...contract({
            priceMillicredits: price,
            receiptMillicredits: receipt,
            recall: penalty === null ? null : { noticeMs: 0, penaltyPartsPerMillion: penalty },
          }),
          buyerDepositMillicredits: Math.min(price, deposits[0]),
          sellerDepositMillicredits: Math.min(receipt, deposits[1]),
        };
        const [buyer, seller] = free;
        const settlement = settleContract(live, how, delivered, { buyer, seller });
        const moves = posted(settlement);
        const sum = Object.values(moves).reduce((a, b) => a + b, 0);
        return (
          sum === 0 &&
          buyer + (moves['buyer'] ?? 0) >= 0 &&
          seller + (moves['seller'] ?? 0) >= 0 &&
          Object.values(moves).every(Number.isSafeInteger)
        );
      },
    ),
    { numRuns: 1_000 },
  );
  t.pass();
});

test('every state but the last leads to the end, and nothing leads out of it', (t) => {
  for (const [state, next] of Object.entries(CONTRACT_TRANSITIONS)) {
    t.is(next.length === 0, state === 'settled');
  }
  t.true(mayBecome('scheduled', 'running'));
  t.false(mayBecome('running', 'handover'));
  t.false(mayBecome('settled', 'running'));
});
