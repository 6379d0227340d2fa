/** The market of `ocx serve`: its rounds and their solver, its leases, and the receipts that it signs. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { marketFacade } from '../backends/http/market-routes.ts';
import { signReceipt } from '../backends/receipts/ed25519.ts';
import { liveMarket } from '../backends/runner/market.ts';
import { RoundSolver } from '../backends/solver/round-solver.ts';
import { OcxError } from '../core/kernel/errors.ts';
import type { Outcome } from '../core/kernel/service.ts';
import { initialExchange } from '../core/market/exchange/state.ts';
import type { CommitReceipt } from '../core/market/sealing/protocol.ts';
import { readInputText } from './files.ts';
import type { Served, ServeRequest } from './live-role.ts';
import { answerCalls, startService } from './live-service.ts';
import { exchangeConfiguration } from './market-table.ts';
import type { MarketTable } from './market-table.ts';

/** Of the role and of its journal. */
const NAME = 'market';

export async function serveMarket(request: ServeRequest): Promise<Served> {
  const table = request.table as unknown as MarketTable;
  const configuration = exchangeConfiguration(table);
  const isSealed = configuration.market.sealing !== undefined;
  const key = receiptKey(request.file, table.receiptKeyFile, isSealed);
  checkConfiguration(request.file, () => initialExchange(configuration));
  const sign = (receipt: CommitReceipt) => signReceipt(receipt, key!.privateKeyPem);
  const solver = new RoundSolver();
  const started = await startService(request, liveMarket(sign), {
    ...{ journal: NAME, configuration },
    carryOut: async (effect): Promise<Outcome<unknown>> => {
      if (effect.kind === 'ReadJournalHead') {
        return { status: 'ok', value: { head: started.runner.headHash } };
      }
      if (effect.kind !== 'SolveRound') throw new Error(`${effect.kind} is nothing to carry out`);
      return solver.solve(effect, AbortSignal.timeout(configuration.solveDeadlineMs));
    },
  });
  started.runner.take({ kind: 'ExchangeOpened' });
  return answerCalls(
    request,
    started,
    marketFacade(sign),
    (scope) => {
      scope.get('/receipt-key', { schema: { summary: 'ReceiptKey' } }, () => ({
        algorithm: 'Ed25519',
        publicKeyPem: key?.publicKeyPem ?? null,
      }));
    },
    () => solver.close(),
  );
}

interface ReceiptKey {
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
}

/** @throws INPUT_RECEIPT_KEY */
function receiptKey(
  file: string,
  keyFile: string | undefined,
  isNeeded: boolean,
): ReceiptKey | null {
  const place = { file, keyPath: 'market.receiptKeyFile' };
  const remedy = 'make one: openssl genpkey -algorithm ed25519 -out receipts.pem';
  const code = 'INPUT_RECEIPT_KEY';
  if (keyFile === undefined) {
    if (!isNeeded) return null;
    throw new OcxError({ code, message: 'sealed rounds need a key for receipts', place, remedy });
  }
  const privateKeyPem = readInputText(resolve(dirname(file), keyFile));
  try {
    const key = createPrivateKey(privateKeyPem);
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is ${key.asymmetricKeyType}`);
    const publicKeyPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string;
    return { privateKeyPem, publicKeyPem };
  } catch (cause) {
    const message = `${keyFile} is no Ed25519 private key`;
    throw new OcxError({ code, message, place, remedy }, { cause });
  }
}

/** @throws INPUT_MARKET: what the core calls a bug is here what somebody wrote in a file */
function checkConfiguration(file: string, make: () => unknown): void {
  try {
    make();
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new OcxError(
      {
        code: 'INPUT_MARKET',
        message: `the market cannot be run like this: it needs that ${said}`,
        place: { file, keyPath: 'market' },
        remedy: 'see docs/market/live.md',
      },
      { cause },
    );
  }
}
