/**
 * Several providers with isolation services of their own and several exchanges: what is sold on
 * one is never sold on another, and whoever tries is refused by the owner's isolation service.
 */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { loadComparison, taskContext } from '../../../cli/compose.ts';
import type { LeaseTerms } from '../../../core/allocator/protocol.ts';
import type { RunOutcome } from '../../../core/metrics/outcome.ts';
import { executeTask } from '../../../sim/experiment/task.ts';

const FILE = 'scenarios/type-c.toml';
const SHORT = ['horizonDays=8', 'warmUpDays=2', 'search.enabled=false', 'market.boundSamples=0'];

interface Redeemed extends LeaseTerms {
  readonly isolation: string;
  readonly exchange: string;
}

interface Observed {
  readonly outcome: RunOutcome;
  /** Leases that an isolation service has made, in order. */
  readonly redeemed: readonly Redeemed[];
  readonly refusals: readonly string[];
}

/** A run, and what its isolation services answered to the exchanges. */
async function observe(settings: readonly string[]): Promise<Observed> {
  const text = readFileSync(FILE, 'utf8');
  const source = { file: FILE, text, settings: [...SHORT, ...settings], tracesFolder: undefined };
  const loaded = loadComparison(source);
  const redeemed: Redeemed[] = [];
  const refusals: string[] = [];
  const context = await taskContext(source, loaded, {
    opened() {},
    stepped(isolation, event, effects) {
      if (event.kind !== 'LeaseCreate') return;
      const { terms, from } = event as unknown as { terms: LeaseTerms; from: { name: string } };
      const reply = effects.find(({ kind }) => kind === 'Reply') as unknown as {
        refusal: { code: string } | null;
      };
      if (reply.refusal) refusals.push(reply.refusal.code);
      else redeemed.push({ ...terms, isolation, exchange: from.name });
    },
  });
  const result = executeTask({ kind: 'run', variant: 'market', replication: 0 }, context);
  if (result.kind !== 'run') throw new Error('a run was asked for');
  return { outcome: result.outcome, redeemed, refusals };
}

/** Pairs of leases that have a node at the same time: an oracle that knows no service. */
function doubleSales(redeemed: readonly Redeemed[]): string[] {
  const found: string[] = [];
  const byNode = new Map<string, Redeemed[]>();
  for (const terms of redeemed) {
    for (const nodeId of terms.nodeIds) {
      const others = byNode.get(nodeId) ?? [];
      for (const other of others) {
        if (terms.startMs < other.endMs && other.startMs < terms.endMs) {
          found.push(`${nodeId}: ${other.leaseId} and ${terms.leaseId}`);
        }
      }
      byNode.set(nodeId, [...others, terms]);
    }
  }
  return found;
}

test('tickets of two exchanges are redeemed at the provider that has the nodes', async (t) => {
  const { outcome, redeemed, refusals } = await observe([]);
  t.deepEqual(outcome.invariantViolations, []);
  t.is(outcome.ledgerImbalanceMillicredits, 0);
  t.deepEqual(refusals, []);
  t.is(outcome.market!.ticketsRefused, 0);
  const sides = (pick: (terms: Redeemed) => string) => [...new Set(redeemed.map(pick))].sort();
  t.deepEqual(
    sides(({ exchange }) => exchange),
    ['market.academic', 'market.open'],
  );
  t.deepEqual(
    sides(({ isolation }) => isolation),
    ['isolation.east', 'isolation.west'],
  );
  for (const { isolation, owner, nodeIds } of redeemed) {
    t.is(isolation, `isolation.${owner.slice(0, 4)}`);
    t.true(nodeIds.every((nodeId) => nodeId.startsWith(`${owner}.`)));
  }
  t.true(redeemed.some(({ owner, lessee }) => owner.slice(0, 4) !== lessee.slice(0, 4)));
  const used = outcome.market!.leases.filter(({ usedNodeMs }) => usedNodeMs > 0);
  t.true(used.some(({ seller, buyer }) => seller.slice(0, 4) !== buyer.slice(0, 4)));
});

test('an owner that sells a node twice is refused, and no node is ever lent to two', async (t) => {
  const cheats = [
    'organisation.*.policy.sellsTwice=true',
    'organisation.*.exchanges=["open", "academic"]',
  ];
  const { outcome, redeemed, refusals } = await observe(cheats);
  t.true(refusals.length > 0, 'nobody tried');
  t.deepEqual([...new Set(refusals)], ['CONFLICT_LEASE']);
  t.is(outcome.market!.ticketsRefused > 0, true);
  t.true(outcome.market!.defaults > 0, 'the cheat is in default');
  t.deepEqual(outcome.invariantViolations, []);
  t.is(outcome.ledgerImbalanceMillicredits, 0);
  // Those that were never begun have given their window up before others took it.
  t.deepEqual(doubleSales(redeemed.filter(({ leaseId }) => wasUsed(outcome, leaseId))), []);
});

function wasUsed(outcome: RunOutcome, leaseId: string): boolean {
  return outcome.market!.leases.some(
    (lease) => lease.leaseId === leaseId && lease.end === 'expired',
  );
}

test('a planted double sale is found by the oracle', (t) => {
  const sale = { nodeIds: ['a.1'], startMs: 0, endMs: 10 } as unknown as Redeemed;
  const other = { ...sale, leaseId: 'b', startMs: 9, endMs: 12 };
  const later = { ...sale, leaseId: 'c', startMs: 10, endMs: 12 };
  t.is(doubleSales([{ ...sale, leaseId: 'a' }, other]).length, 1);
  t.is(doubleSales([{ ...sale, leaseId: 'a' }, later]).length, 0);
});
