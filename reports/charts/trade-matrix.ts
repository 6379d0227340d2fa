/** Who lent to whom: node-hours, owners in rows and borrowers in columns. */
import type { Metrics, TradeFlow } from '../../core/metrics/results.ts';
import { describeEstimate, describeValue, formatNumber, NO_BREAK } from '../text/number.ts';
import { oneLine } from '../text/printable.ts';
import { fitName, textWidth } from '../text/width.ts';
import type { Chart } from './chart.ts';
import { STACKED_BELOW } from './chart.ts';
import type { D3, Selection } from './drawing.ts';
import { label, rectangle } from './parts/marks.ts';
import {
  BLUE,
  FONT_SIZE,
  GRID,
  INK,
  MUTED,
  PAPER,
  readableOn,
  SMALL_FONT_SIZE,
} from './parts/palette.ts';
import { kindOf, withKind } from './parts/names.ts';

/** More organisations than this are counted together as "others". */
const MOST = 10;
const OTHERS = 'others';
const CELL_HEIGHT = 34;
/** A number must fit into a cell: one that is cut would be another one. */
const LEAST_CELL = 41;
const PALEST = '#eaf3f9';

interface Matrix {
  readonly names: readonly string[];
  /** By seller, then buyer: mean node-hours. */
  readonly cells: readonly (readonly number[])[];
  readonly largest: number;
}

export const tradeMatrixChart: Chart = {
  name: 'trade-matrix',
  tell(metrics) {
    const flows = flowsOf(metrics);
    if (flows.length === 0) return { missing: 'Nothing was traded in the main variant.' };
    const most = flows.reduce((best, flow) =>
      flow.nodeHours.mean > best.nodeHours.mean ? flow : best,
    );
    return {
      title:
        `The largest flow is from ${oneLine(most.seller)} to ${oneLine(most.buyer)}: ` +
        describeEstimate(most.nodeHours, 'node-hours', { compact: true }),
      caption:
        `${metrics.extraDemandMet.variant}: node-hours lent, means over replications; each with ` +
        'its 95 % interval and the money paid in the table. An empty cell: these two did not ' +
        'trade. Lent time counts from handover to return, set-up included.',
      description:
        'A matrix of node-hours: owners in rows, borrowers in columns, totals at the ends.',
      table: {
        columns: ['Owner', 'Borrower', 'Node-hours', 'Paid, credits'],
        rows: flows.map((flow) => [
          flow.seller,
          flow.buyer,
          describeEstimate(flow.nodeHours, 'node-hours', { withoutUnit: true }),
          describeEstimate(flow.credits, 'credits', { withoutUnit: true }),
        ]),
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    return drawMatrix(d3, root, metrics, width);
  },
};

function flowsOf(metrics: Metrics): TradeFlow[] {
  return metrics.trades.filter(
    (flow) => flow.variant === metrics.extraDemandMet.variant && flow.nodeHours.mean > 0,
  );
}

/** @param most organisations that are shown, where there is not room for all */
function matrixOf(metrics: Metrics, most: number): Matrix {
  const flows = flowsOf(metrics);
  const volume = new Map<string, number>();
  for (const { seller, buyer, nodeHours } of flows) {
    for (const name of [seller, buyer]) volume.set(name, (volume.get(name) ?? 0) + nodeHours.mean);
  }
  const all = [...volume.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const byVolume = [...all].sort((a, b) => volume.get(b)! - volume.get(a)!);
  const kept = all.length <= most + 1 ? all : byVolume.slice(0, most);
  const shown = all.filter((name) => kept.includes(name));
  const names = all.length > shown.length ? [...shown, OTHERS] : shown;
  const indexOf = (name: string) => {
    const index = shown.indexOf(name);
    return index < 0 ? names.length - 1 : index;
  };
  const cells = names.map(() => names.map(() => 0));
  for (const flow of flows)
    cells[indexOf(flow.seller)]![indexOf(flow.buyer)]! += flow.nodeHours.mean;
  return { names, cells, largest: Math.max(...cells.flat()) };
}

function drawMatrix(d3: D3, root: Selection, metrics: Metrics, width: number): number {
  const narrow = width < STACKED_BELOW;
  const traders = flowsOf(metrics).flatMap(({ seller, buyer }) => [seller, buyer]);
  const widest = Math.max(...traders.map((name) => textWidth(oneLine(name), FONT_SIZE)));
  const letterRoom = 18;
  const left = Math.ceil(Math.min(widest + letterRoom, width * (narrow ? 0.26 : 0.24))) + 10;
  // Two columns go to the others and to the totals.
  const room = Math.floor((width - left) / LEAST_CELL) - 2;
  const matrix = matrixOf(metrics, Math.min(MOST, room));
  const columns = matrix.names.length + 1;
  const cell = Math.min(110, (width - left) / columns);
  const fits = matrix.names.every((name) => textWidth(name, SMALL_FONT_SIZE) <= cell - 6);
  const letters = matrix.names.map((_, index) => String.fromCharCode(65 + index));
  const top = 44;
  label(root, left, 8, 'borrower →', { size: SMALL_FONT_SIZE, fill: MUTED });
  label(root, 0, 30, 'owner ↓', { size: SMALL_FONT_SIZE, fill: MUTED });
  const middle = { anchor: 'middle', size: SMALL_FONT_SIZE } as const;
  matrix.names.forEach((name, index) => {
    const x = left + (index + 0.5) * cell;
    label(root, x, 30, fits ? oneLine(name) : letters[index]!, { ...middle, bold: !fits });
    const y = top + (index + 0.5) * CELL_HEIGHT;
    if (!fits) label(root, 0, y, letters[index]!, { size: SMALL_FONT_SIZE, bold: true });
    const from = fits ? 0 : letterRoom;
    const text = fitName(name, left - from - 10, FONT_SIZE);
    label(root, from, y, text).append('title').text(describeOwner(metrics, name));
  });
  const total = { ...middle, fill: MUTED };
  label(root, left + (columns - 0.5) * cell, 30, 'total', total);
  label(root, 0, top + (columns - 0.5) * CELL_HEIGHT, 'total', {
    size: SMALL_FONT_SIZE,
    fill: MUTED,
  });
  drawCells(d3, root, matrix, { left, top, cell });
  const bottom = top + columns * CELL_HEIGHT;
  const unit = { size: SMALL_FONT_SIZE, anchor: 'end', fill: MUTED } as const;
  label(root, left + columns * cell, bottom + 12, 'node-hours lent, mean', unit);
  return bottom + 24;
}

function drawCells(
  d3: D3,
  root: Selection,
  matrix: Matrix,
  place: { left: number; top: number; cell: number },
): void {
  const { left, top, cell } = place;
  const colours = d3.interpolateRgb(PALEST, BLUE);
  const count = matrix.names.length;
  const write = (row: number, column: number, value: number, fill: string) => {
    const x = left + (column + 0.5) * cell;
    const y = top + (row + 0.5) * CELL_HEIGHT;
    const text = describeCell(value, cell);
    label(root, x, y, text, { size: SMALL_FONT_SIZE, anchor: 'middle', fill });
  };
  matrix.cells.forEach((row, seller) => {
    row.forEach((value, buyer) => {
      const box = {
        x: left + buyer * cell + 1,
        y: top + seller * CELL_HEIGHT + 1,
        width: cell - 2,
        height: CELL_HEIGHT - 2,
      };
      const own = seller === buyer && matrix.names[seller] !== OTHERS;
      const empty = own ? GRID : PAPER;
      const colour = value > 0 ? toHex(colours(Math.sqrt(value / matrix.largest))) : empty;
      rectangle(root, box, { fill: colour, stroke: { stroke: GRID } });
      if (value > 0) write(seller, buyer, value, readableOn(colour));
    });
    write(seller, count, sum(row), INK);
  });
  for (let buyer = 0; buyer < count; buyer++) {
    write(count, buyer, sum(matrix.cells.map((row) => row[buyer]!)), INK);
  }
  write(count, count, sum(matrix.cells.map(sum)), INK);
}

/** In thousands where six digits would touch their neighbours. */
function describeCell(value: number, cell: number): string {
  const text = describeValue(value, 'count', { compact: true });
  if (value < 1_000 || textWidth(text, SMALL_FONT_SIZE) <= cell - 6) return text;
  return `${formatNumber(value / 1_000, 0)}${NO_BREAK}k`;
}

function describeOwner(metrics: Metrics, name: string): string {
  const kind = kindOf(metrics, name);
  return oneLine(kind === '' ? name : withKind(name, kind));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** d3 answers `rgb(1, 2, 3)`. */
function toHex(colour: string): string {
  const channels = colour.match(/\d+/g) ?? [];
  return `#${channels.map((one) => Number(one).toString(16).padStart(2, '0')).join('')}`;
}
