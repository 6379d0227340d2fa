/** Hatched fills, for more kinds than there are colours. */
import type { Selection } from '../drawing.ts';
import { PAPER } from './palette.ts';

/** @returns what to use as `fill`; the id must be unique in the page */
export function hatch(parent: Selection, id: string, colour: string): string {
  const pattern = parent
    .append('pattern')
    .attr('id', id)
    .attr('width', 6)
    .attr('height', 6)
    .attr('patternUnits', 'userSpaceOnUse');
  pattern.append('rect').attr('width', 6).attr('height', 6).attr('fill', PAPER);
  pattern
    .append('path')
    .attr('d', 'M-1,1L1,-1M0,6L6,0M5,7L7,5')
    .attr('stroke', colour)
    .attr('stroke-width', 1.75);
  return `url(#${id})`;
}
