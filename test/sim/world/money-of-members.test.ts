import test from 'ava';
import type { Contract } from '../../../core/market/contracts.ts';
import type { ContractSettled, MarketEffect } from '../../../core/market/protocol.ts';
import { MoneyOfMembers } from '../../../sim/world/money-of-members.ts';

const OWNERS = new Map([
  ['alpha', 'alpha'],
  ['alpha.alias-1', 'alpha'],
  ['beta', 'beta'],
]);

function money(): MoneyOfMembers {
  return new MoneyOfMembers(OWNERS, { startMs: 100, endMs: 200 });
}

test('leases count by when they began, under all names of an organisation', (t) => {
  const counted = money();
  const settled = { buyerPaidMillicredits: 70, sellerReceivedMillicredits: 60 } as ContractSettled;
  const contract = { buyer: 'alpha.alias-1', seller: 'beta' } as Contract;
  for (const startMs of [99, 100, 199, 200]) counted.settled({ ...contract, startMs }, settled);
  t.is(counted.netMillicredits('alpha'), -140);
  t.is(counted.netMillicredits('beta'), 120);
  t.is(counted.netMillicredits('alpha.alias-1'), 0);
});

test('premiums, fines, forfeited bonds and what is borne for others count when they happen', (t) => {
  const effects: readonly unknown[] = [
    {
      kind: 'OptionFormed',
      option: {
        holder: 'beta',
        writer: 'alpha',
        premiumMillicredits: 1_000,
        receiptMillicredits: 900,
      },
    },
    {
      kind: 'SafeguardTriggered',
      organisation: 'alpha',
      fine: { to: 'beta', amountMillicredits: 30 },
    },
    {
      kind: 'SafeguardTriggered',
      organisation: 'alpha',
      fine: { to: '/exchange', amountMillicredits: 4 },
    },
    { kind: 'SafeguardTriggered', organisation: 'alpha' },
    { kind: 'OrdersPublished', silent: ['alpha', 'beta'], forfeitedMillicredits: 20 },
    { kind: 'OrdersPublished', silent: [], forfeitedMillicredits: 0 },
    {
      kind: 'WaterfallUsed',
      defaulter: 'gamma',
      mutualShares: [{ organisation: 'beta', amountMillicredits: 7 }],
    },
  ];
  const counted = money();
  for (const effect of effects) counted.note(effect as MarketEffect, 150);
  t.is(counted.netMillicredits('alpha'), 900 - 30 - 4 - 10);
  t.is(counted.netMillicredits('beta'), -1_000 + 30 - 10 - 7);
  const late = money();
  for (const effect of effects) late.note(effect as MarketEffect, 200);
  t.is(late.netMillicredits('alpha'), 0);
});
