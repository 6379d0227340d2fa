import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { ServedMarket, type CallerName } from '../backends/http/served-market.ts';
import { EPOCH_MS } from '../market/exchange/traded-site.ts';
import { runCli, temporaryFolder } from './run.ts';

/** A market that command lines are sent to. */
async function place(t: ExecutionContext) {
  const market = await ServedMarket.open(t);
  const server = await market.listen(join(temporaryFolder(t), 'market.socket'));
  const cli = (who: CallerName, line: string) =>
    runCli(line.split(' '), { environment: { OCX_SERVER: server, OCX_TOKEN: market.token(who) } });
  const run = async (who: CallerName, line: string) => {
    const { exitCode, stdout, stderr } = await cli(who, line);
    t.is(exitCode, 0, `${line}: ${stderr}`);
    return stdout;
  };
  return { market, cli, run };
}

const OFFER = 'offer post o1 --org org-a --class standard --hours 0.5 --reserve 1600';
const BID = 'bid post b1 --org org-t --class standard --hours 0.25 --value 800';

test('offers and bids are posted in hours, listed in tables, and become contracts', async (t) => {
  const { market, run } = await place(t);
  await run('a', 'offer back standard --node a1');
  await run('a', OFFER);
  await run('tenant', BID);
  t.regex(await run('a', 'offer list org-a'), /^ +0 +o1 +standard +1 +0–2 +400 +firm$/m);
  t.regex(await run('tenant', 'bid list org-t'), /^ +0 +b1 +standard +1 +0–1 +800 +none$/m);
  await market.closeRound(EPOCH_MS);
  const contracts = await run('tenant', 'market contracts org-t');
  t.regex(contracts, /^c1 +bought +b1 +standard +1 .*Z +600 +\S+ +market\.c1$/m);
  t.regex(await run('b', 'market rounds'), /^ +0 +epoch +1970-01-01T00:10:00Z +1 +standard 600$/m);
  const account = JSON.parse(await run('tenant', 'market account org-t --json')) as object;
  t.like(account, { depositedMillicredits: 60 });
});

test('orders are taken back, and what is another’s is not there', async (t) => {
  const { cli, run } = await place(t);
  await run('tenant', BID);
  await run('tenant', 'bid withdraw 0 b1');
  const again = await cli('tenant', 'bid withdraw 0 b1');
  t.is(again.exitCode, 2);
  t.regex(again.stderr, /^NOT_FOUND_ORDER: /);
  t.regex((await cli('b', 'bid list org-t')).stderr, /^NOT_FOUND: /);
});

test('what no round of the market trades is said before anything is sent', async (t) => {
  const { cli } = await place(t);
  const long = await cli('tenant', BID.replace('0.25', '48'));
  t.regex(long.stderr, /^INPUT_WINDOW: the round trades 8 slots of 900 s/);
  t.regex((await cli('tenant', `${BID} --horizon spot`)).stderr, /^INPUT_HORIZON: .* epoch/);
  t.regex((await cli('tenant', BID.replace('0.25', 'x'))).stderr, /^INPUT_HOURS: /);
});

test('an administrator gives credits once, and reads the ledger', async (t) => {
  const { run } = await place(t);
  for (let turn = 0; turn < 2; turn++) await run('admin', 'market endow org-t 5000 gift');
  const ledger = JSON.parse(await run('admin', 'market ledger --json')) as object;
  t.like(ledger, { credits: { balances: { 'org-t': 1_005_000 }, imbalance: 0 } });
});

test('a market that cannot be run is refused with what is wrong', async (t) => {
  const folder = temporaryFolder(t);
  const { privateKey } = generateKeyPairSync('x25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  writeFileSync(join(folder, 'other.pem'), privateKey);
  const market = {
    ...{ seed: 's', organisations: [{ name: 'org-a' }] },
    nodeClasses: [{ name: 'standard', securityLevel: 'none' }],
  };
  for (const [more, code] of [
    [{ mechanism: 'nothing-like-it' }, 'INPUT_MARKET'],
    [{ organisations: [{ name: 'a/b' }] }, 'INPUT_MARKET'],
    [{ releaseSeconds: 900 }, 'INPUT_MARKET'],
    [{ sealBondCredits: 1 }, 'INPUT_RECEIPT_KEY'],
    [{ sealBondCredits: 1, receiptKeyFile: 'other.pem' }, 'INPUT_RECEIPT_KEY'],
    [{ slotSecond: 1 }, 'INPUT_SERVE_UNKNOWN_KEY'],
  ] as const) {
    writeFileSync(join(folder, 'serve.json'), JSON.stringify({ market: { ...market, ...more } }));
    const line = 'serve --role market --store sqlite:m.db --config serve.json --port 0';
    const { exitCode, stderr } = await runCli(line.split(' '), { workingDirectory: folder });
    t.is(exitCode, 2, JSON.stringify(more));
    t.true(stderr.startsWith(`${code}`), `${JSON.stringify(more)}: ${stderr}`);
  }
});
