/** What a colour or a shape stands for, in lines that wrap at the width of the chart. */
import type { Selection } from '../drawing.ts';
import { fitName, textWidth } from '../../text/width.ts';
import { label, point, rectangle, segment } from './marks.ts';
import type { PointShape } from './marks.ts';
import { INK, SMALL_FONT_SIZE } from './palette.ts';

export interface LegendEntry {
  readonly text: string;
  readonly colour: string;
  readonly shape: PointShape | 'bar' | 'line' | 'dashed' | 'hatched';
  /** `url(#…)` in place of the colour for hatched areas. */
  readonly fill?: string;
}

const ROW_HEIGHT = 18;
const SWATCH = 18;
const GAP = 16;

/** @returns the height taken, pixels */
export function drawLegend(
  parent: Selection,
  entries: readonly LegendEntry[],
  width: number,
  y = 0,
): number {
  let x = 0;
  let row = 0;
  for (const entry of entries) {
    const text = fitName(entry.text, width - SWATCH, SMALL_FONT_SIZE);
    const needed = SWATCH + textWidth(text, SMALL_FONT_SIZE);
    if (x > 0 && x + needed > width) {
      x = 0;
      row += 1;
    }
    const middle = y + row * ROW_HEIGHT + ROW_HEIGHT / 2;
    drawSwatch(parent, x, middle, entry);
    label(parent, x + SWATCH, middle, text, { size: SMALL_FONT_SIZE, fill: INK });
    x += needed + GAP;
  }
  return entries.length === 0 ? 0 : (row + 1) * ROW_HEIGHT;
}

function drawSwatch(parent: Selection, x: number, y: number, entry: LegendEntry): void {
  switch (entry.shape) {
    case 'bar':
    case 'hatched':
      rectangle(
        parent,
        { x, y: y - 5, width: 12, height: 10 },
        { fill: entry.fill ?? entry.colour },
      );
      return;
    case 'line':
    case 'dashed':
      segment(parent, [x, y], [x + 13, y], {
        stroke: entry.colour,
        width: 2,
        ...(entry.shape === 'dashed' ? { dash: '4 3' } : {}),
      });
      return;
    default:
      point(parent, [x + 6, y], { shape: entry.shape, colour: entry.colour });
  }
}
