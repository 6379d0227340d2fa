/**
 * The marks that charts are made of. Positions are rounded to hundredths of a pixel, so that the
 * last bits of a division never show in the bytes; nothing is styled but by presentation
 * attributes, so that a strict content security policy has nothing to forbid.
 */
import type { Selection } from '../drawing.ts';
import { FONT_SIZE, INK, PAPER } from './palette.ts';

/** Half the length of an interval's caps, pixels. */
const CAP = 3;

export interface Stroke {
  readonly stroke: string;
  readonly width?: number;
  readonly dash?: string;
  readonly opacity?: number;
}

export interface Lettering {
  readonly size?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly bold?: boolean;
  readonly fill?: string;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A middle line lies this part of the font size above the base line (Helvetica's x-height / 2 to cap height / 2). */
const MIDDLE = 0.35;

export function round(value: number): number {
  const rounded = Math.round(value * 100) / 100;
  return rounded === 0 ? 0 : rounded;
}

export function group(parent: Selection, x: number, y: number): Selection {
  return parent.append('g').attr('transform', `translate(${round(x)},${round(y)})`);
}

/** @returns the mark, for whoever wants to add a `title` to it */
export function rectangle(
  parent: Selection,
  box: Box,
  look: { fill: string; stroke?: Stroke; opacity?: number },
): Selection {
  const mark = parent
    .append('rect')
    .attr('x', round(box.x))
    .attr('y', round(box.y))
    .attr('width', round(Math.max(0, box.width)))
    .attr('height', round(Math.max(0, box.height)))
    .attr('fill', look.fill);
  if (look.opacity !== undefined) mark.attr('fill-opacity', look.opacity);
  return look.stroke ? applyStroke(mark, look.stroke) : mark;
}

export function segment(
  parent: Selection,
  from: readonly [number, number],
  to: readonly [number, number],
  stroke: Stroke,
): Selection {
  const mark = parent
    .append('line')
    .attr('x1', round(from[0]))
    .attr('y1', round(from[1]))
    .attr('x2', round(to[0]))
    .attr('y2', round(to[1]));
  return applyStroke(mark, stroke);
}

/** A path without a fill. @param path as d3's generators make it; null where it has no points */
export function curve(parent: Selection, path: string | null, stroke: Stroke): Selection {
  const mark = parent
    .append('path')
    .attr('d', path ?? '')
    .attr('fill', 'none')
    .attr('stroke-linejoin', 'round');
  return applyStroke(mark, stroke);
}

export function surface(
  parent: Selection,
  path: string | null,
  look: { fill: string; opacity?: number },
): Selection {
  return parent
    .append('path')
    .attr('d', path ?? '')
    .attr('fill', look.fill)
    .attr('fill-opacity', look.opacity ?? 1);
}

export type PointShape = 'dot' | 'ring' | 'diamond' | 'square';

/** A point's mark, `radius` pixels from its centre to its edge. */
export function point(
  parent: Selection,
  at: readonly [number, number],
  look: { shape: PointShape; colour: string; radius?: number },
): Selection {
  const radius = look.radius ?? 4;
  const [x, y] = at;
  if (look.shape === 'diamond') {
    const d = [
      [x, y - radius - 1],
      [x + radius + 1, y],
      [x, y + radius + 1],
      [x - radius - 1, y],
    ];
    const path = `M${d.map(([a, b]) => `${round(a!)},${round(b!)}`).join('L')}Z`;
    const mark = parent.append('path').attr('d', path).attr('fill', '#ffffff');
    return applyStroke(mark, { stroke: look.colour, width: 1.5 });
  }
  if (look.shape === 'square') {
    const side = 2 * radius - 1;
    const box = { x: x - side / 2, y: y - side / 2, width: side, height: side };
    return rectangle(parent, box, { fill: look.colour });
  }
  const mark = parent.append('circle').attr('cx', round(x)).attr('cy', round(y));
  if (look.shape === 'dot') return mark.attr('r', radius).attr('fill', look.colour);
  return applyStroke(mark.attr('r', radius - 0.5).attr('fill', '#ffffff'), {
    stroke: look.colour,
    width: 1.5,
  });
}

/** One line of text, vertically centred at `y`. */
export function label(
  parent: Selection,
  x: number,
  y: number,
  text: string,
  look: Lettering = {},
): Selection {
  const size = look.size ?? FONT_SIZE;
  const mark = parent
    .append('text')
    .attr('x', round(x))
    .attr('y', round(y + MIDDLE * size))
    .attr('font-size', size)
    .attr('fill', look.fill ?? INK)
    .text(text);
  if (look.anchor && look.anchor !== 'start') mark.attr('text-anchor', look.anchor);
  if (look.bold) mark.attr('font-weight', 'bold');
  return mark;
}

/** A horizontal interval with caps; a pale edge keeps it visible on dark bars. */
export function whisker(parent: Selection, ends: readonly [number, number], y: number): void {
  const [low, high] = ends.map(round);
  const [top, middle, bottom] = [y - CAP, y, y + CAP].map(round);
  drawInterval(
    parent,
    `M${low},${top}V${bottom}M${low},${middle}H${high}M${high},${top}V${bottom}`,
  );
}

/** A vertical interval with caps. */
export function uprightWhisker(
  parent: Selection,
  x: number,
  ends: readonly [number, number],
): void {
  const [low, high] = ends.map(round);
  const [left, middle, right] = [x - CAP, x, x + CAP].map(round);
  drawInterval(
    parent,
    `M${left},${low}H${right}M${middle},${low}V${high}M${left},${high}H${right}`,
  );
}

function drawInterval(parent: Selection, path: string): void {
  const mark = curve(parent, path, { stroke: PAPER, width: 2.75, opacity: 0.6 });
  mark.attr('stroke-linecap', 'square');
  curve(parent, path, { stroke: INK, width: 1.25 }).attr('class', 'interval');
}

function applyStroke(mark: Selection, stroke: Stroke): Selection {
  mark.attr('stroke', stroke.stroke).attr('stroke-width', stroke.width ?? 1);
  if (stroke.dash) mark.attr('stroke-dasharray', stroke.dash);
  if (stroke.opacity !== undefined) mark.attr('stroke-opacity', stroke.opacity);
  return mark;
}
