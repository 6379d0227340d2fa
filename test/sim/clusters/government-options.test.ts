import test from 'ava';
import { HOUR_MS } from '../../../core/kernel/units.ts';
import type { OptionContract } from '../../../core/market/options/option.ts';
import { GovernmentOptions } from '../../../sim/clusters/government-options.ts';
import { WrittenOptions } from '../../../sim/clusters/option-trader.ts';

const DAY = 24 * HOUR_MS;

function option(optionId: string, nodes: number, endMs = DAY): OptionContract {
  return {
    optionId,
    roundId: 1,
    holder: 'government',
    writer: 'hpc',
    nodeClass: 'standard',
    nodes,
    securityLevel: 'full',
    startMs: 0,
    endMs,
    terms: {
      strikeMillicreditsPerNodeHour: 2_000,
      noticeMs: 0,
      longestLeaseMs: DAY,
      writerDepositPartsPerMillion: 0,
    },
    premiumMillicredits: 0,
    receiptMillicredits: 0,
    wantRef: 'w',
    askId: 'a',
  };
}

function holder({ owned = 20, emergency = 20, lendsFirm = true }) {
  return new GovernmentOptions({
    organisation: 'government',
    nodeClasses: ['standard'],
    classCostPerHour: { standard: 0.2 },
    securityLevel: 'full',
    emergencyNodes: emergency,
    lendsFirm,
    nodeHour: 100,
    capableNodes: () => owned,
    missing: () => ({ nodes: 0, durationMs: 0 }),
  });
}

const wanted = (options: GovernmentOptions) =>
  options.optionWants(0, DAY).map(({ nodes, valueMillicredits }) => [nodes, valueMillicredits]);

test('what an emergency would lack is worth much, what is only to be lent firm what idling costs', (t) => {
  // 8 nodes × 24 h × 2 % of 100 credits, and 12 × 24 h × 0.2 credits.
  t.deepEqual(wanted(holder({ owned: 12 })), [
    [8, 384_000],
    [12, 57_600],
  ]);
  t.deepEqual(wanted(holder({ owned: 12, lendsFirm: false })), [[8, 384_000]]);
  t.deepEqual(wanted(holder({ lendsFirm: false })), []);
});

test('no more is lent firm than options cover, beyond what the reserve is short of', (t) => {
  const options = holder({ owned: 12 });
  options.hold(option('o1', 8));
  t.is(options.firm(0).nodes, 0, 'these are for what is lacking');
  options.hold(option('o2', 5));
  t.deepEqual(options.firm(0), { nodes: 5, untilMs: DAY });
  options.lend(3, 0);
  t.is(options.lentFirm(1), 3);
  t.is(options.firm(1).nodes, 2);
  options.drop('o2');
  t.is(options.firm(1).nodes, 0);
  t.is(options.lentFirm(DAY), 0, 'the leases end with the options');
});

test('a writer stands ready with what it could hand over, each node once', (t) => {
  const writer = new WrittenOptions(['standard', 'legacy'], 5, (nodeClass) =>
    nodeClass === 'standard' ? 9 : 0,
  );
  const offered = () =>
    writer
      .optionSpares(0, DAY)
      .map(({ nodes, costMillicreditsPerNodeHour: cost }) => [nodes, cost]);
  t.deepEqual(offered(), [[9, 100]]);
  writer.write(option('o1', 6));
  t.is(writer.nodes('standard'), 6);
  t.deepEqual(offered(), [[3, 100]]);
  writer.write(option('o2', 3));
  t.deepEqual(offered(), []);
  writer.drop('o1');
  t.deepEqual(offered(), [[6, 100]]);
});
