/** `ocx clear CASE.json`: clears one worked case, or one round of the market. */
import type { Command } from 'commander';
import { createHighsSolver } from '../backends/solver/highs.ts';
import { invariant, OcxError } from '../core/kernel/errors.ts';
import type { Refusal } from '../core/kernel/errors.ts';
import { solveCase } from '../core/market/cases/registry.ts';
import { checkClearing } from '../core/market/clearing/check.ts';
import { clearingBound } from '../core/market/clearing/bound.ts';
import type { LpSolver } from '../core/market/clearing/linear-program.ts';
import { mechanismsBySolver } from '../core/market/mechanisms/by-solver.ts';
import type { SlotPrice } from '../core/market/orders.ts';
import type { RecordedClearing } from '../core/market/protocol.ts';
import { isRoundDocument, roundInput } from '../core/market/round-input.ts';
import type { RoundInput } from '../core/market/round-input.ts';
import { recordClearing } from '../core/market/service.ts';
import { defineCommand, runCommand } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { readInputText } from './files.ts';
import { formatTable } from './terminal/table.ts';

interface ClearOptions extends CommonOptions {
  readonly mechanism?: string;
  readonly exact?: boolean;
}

/** How hard HiGHS may try in a part of a round; see `docs/numbers.md`. */
const EXACT = { mostBids: 300, mostNodes: 2_000, relativeGap: 1e-4 };

/** What `--json` prints for a round. */
interface ClearedDocument extends RecordedClearing {
  readonly mechanism: string;
  readonly roundId: number;
  /** What the mechanism carries on to the next round. */
  readonly state: Readonly<Record<string, number>>;
  readonly bound: {
    readonly upperBoundMillicredits: number;
    /** Share of the bound that the welfare falls short of it; null where the bound is 0. */
    readonly gap: number | null;
    /** Duals of the relaxation: what a node-slot of a class is worth, by runs of slots. */
    readonly slotPrices: readonly SlotPrice[];
    readonly solver: string;
    readonly refusal: Refusal | null;
  };
}

export function registerClear(program: Command): void {
  defineCommand(program, 'clear <case>', 'Clear one market case or round.')
    .option('--mechanism <name>', 'use this mechanism, whatever the file says')
    .option('--exact', 'let an integer solver improve parts of up to 300 bids')
    .action((file: string, options: ClearOptions) =>
      runCommand(options, (output) => clear(output, file, options)),
    );
}

async function clear(output: Output, file: string, options: ClearOptions): Promise<void> {
  const { mechanism, exact } = options;
  const path = output.path(file);
  const document = parseDocument(readInputText(path), path);
  await atFile(path, async () => {
    if (isRoundDocument(document)) {
      const solver = await createHighsSolver();
      const input = roundInput(document, mechanism);
      output.result(clearRound(exact ? withSolver(input, solver) : input, solver), describeRound);
      return;
    }
    const name = mechanism ?? (document as { mechanism?: unknown }).mechanism;
    const { input } = document as { input?: unknown };
    if (typeof name !== 'string' || input === undefined) {
      throw new OcxError({
        code: 'INPUT_CASE_INVALID',
        message: 'this is neither a case nor a round',
        remedy: 'give {"mechanism": …, "input": …} or {"schema": "ocx-round/1", "round": …}',
      });
    }
    output.result(solveCase({ mechanism: name, input }), describeCase);
  });
}

function parseDocument(text: string, file: string): object {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new OcxError(
      {
        code: 'INPUT_NOT_JSON',
        message: error instanceof Error ? error.message : 'it is not JSON',
        place: { file },
        remedy: 'give a JSON file',
      },
      { cause: error },
    );
  }
  if (typeof document !== 'object' || document === null) {
    throw new OcxError({
      code: 'INPUT_CASE_INVALID',
      message: 'a case is an object',
      place: { file },
    });
  }
  return document;
}

/** Adds the file to the place of what is wrong in it. */
async function atFile(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof OcxError) || !error.code.startsWith('INPUT_')) throw error;
    const { code, message, place, remedy } = error;
    throw new OcxError({ code, message, place: { ...place, file }, ...(remedy ? { remedy } : {}) });
  }
}

function withSolver(input: RoundInput, solver: LpSolver): RoundInput {
  const by = mechanismsBySolver.get(input.mechanism.name);
  if (!by) {
    throw new OcxError({
      code: 'INPUT_USAGE',
      message: `--exact does nothing for ${input.mechanism.name}`,
      remedy: `leave it out, or use one of ${[...mechanismsBySolver.keys()].join(', ')}`,
    });
  }
  return { ...input, mechanism: by({ solver, ...EXACT }) };
}

function clearRound(input: RoundInput, solver: LpSolver): ClearedDocument {
  const { round, mechanism, parameters } = input;
  const { clearing, state } = mechanism.clear(round, parameters, input.state);
  const wrong = checkClearing(round, clearing, mechanism.properties);
  invariant(wrong === null, `${mechanism.name} cleared wrongly: ${wrong?.message}`);
  const { slotPrices, solverVersion, refusal, ...relaxed } = clearingBound(round, solver);
  const { welfareMillicredits } = clearing;
  // An exact search may know better than the relaxation.
  const own = clearing.search?.upperBoundMillicredits ?? Infinity;
  const upperBoundMillicredits = Math.min(relaxed.upperBoundMillicredits, own);
  const missing = upperBoundMillicredits - welfareMillicredits;
  invariant(missing >= 0, 'no clearing is worth more than the bound');
  return {
    mechanism: mechanism.name,
    roundId: round.roundId,
    ...recordClearing(clearing),
    state,
    bound: {
      upperBoundMillicredits,
      gap: upperBoundMillicredits > 0 ? missing / upperBoundMillicredits : null,
      slotPrices,
      solver: solverVersion,
      refusal,
    },
  };
}

function describeCase(result: Record<string, unknown>): string {
  const rows = Object.entries(result).map(([key, value]) => [key, JSON.stringify(value)]);
  return formatTable([{ head: 'result' }, { head: 'value', maximumWidth: 200 }], rows);
}

/** Credits with the three decimals that there are. */
function credits(millicredits: number): string {
  return (millicredits / 1000).toFixed(3);
}

function describeRound(cleared: ClearedDocument): string {
  const { fills, receipts, prices, rejected, bound, welfareMillicredits } = cleared;
  const sections = [
    formatTable(
      [{ head: 'round' }, { head: String(cleared.roundId), align: 'right' }],
      [
        ['mechanism', cleared.mechanism],
        ['welfare', credits(welfareMillicredits)],
        ['upper bound', credits(bound.upperBoundMillicredits)],
        ['gap', bound.gap === null ? 'none' : `${(100 * bound.gap).toFixed(2)} %`],
        ['payments − receipts', credits(cleared.surplusMillicredits)],
      ],
    ),
    formatTable(
      [
        { head: 'bid' },
        { head: 'option', align: 'right' },
        { head: 'nodes', align: 'right' },
        { head: 'pays', align: 'right' },
        { head: 'from' },
      ],
      fills.map((fill) => [
        fill.bidId,
        fill.optionIndex,
        fill.nodes,
        credits(fill.paymentMillicredits),
        fill.parts.map(({ askId, nodes }) => `${nodes} × ${askId}`).join(', '),
      ]),
    ),
    formatTable(
      [{ head: 'ask' }, { head: 'receives', align: 'right' }],
      receipts.map(({ askId, receiptMillicredits }) => [askId, credits(receiptMillicredits)]),
    ),
    formatTable(
      [{ head: 'class' }, { head: 'price a node-slot', align: 'right' }],
      prices.map(({ nodeClass, millicreditsPerNodeSlot: price }) => [
        nodeClass,
        price === null ? 'none' : credits(price),
      ]),
    ),
  ];
  if (rejected.length > 0) {
    const rows = rejected.map(({ orderId, code }) => [orderId, code]);
    sections.push(formatTable([{ head: 'left out' }, { head: 'because' }], rows));
  }
  if (bound.refusal) sections.push(`The bound is loose: ${bound.refusal.message}`);
  return sections.map((section) => section.trimEnd()).join('\n\n');
}
