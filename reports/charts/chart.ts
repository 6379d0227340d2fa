/**
 * What a chart is. Each has a file of its own that exports one `Chart`, and a line in
 * `registry.ts`; see docs/recipes/add-a-chart.md.
 */
import type { Metrics } from '../../core/metrics/results.ts';
import type { D3, Selection } from './drawing.ts';

/** The numbers behind a figure, for people and programs that do not read pictures. */
export interface FigureTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a figure tells, made from the data. */
export interface Story {
  /** The finding, as a sentence without a full stop. */
  readonly title: string;
  /** What is shown, and what is not. */
  readonly caption: string;
  /** What is drawn, for people who do not see it. */
  readonly description: string;
  readonly table: FigureTable;
}

/** A figure that these results do not hold; the reason is printed in its place. */
export interface MissingStory {
  readonly missing: string;
}

export interface Chart {
  /** Name of its file under figures/, and of its place in the page. */
  readonly name: string;
  readonly tell: (metrics: Metrics) => Story | MissingStory;
  /**
   * Draws at a width and returns the height that it took, pixels. Called only where `tell` has a
   * story. Pure: the same metrics and width give the same marks.
   */
  readonly draw: (d3: D3, root: Selection, metrics: Metrics, frame: Frame) => number;
}

export interface Frame {
  /** Pixels. */
  readonly width: number;
  /** Start of every id that the chart defines. */
  readonly id: string;
}

/** Width of a figure beside a page's text, and of one on a telephone or in a paper's column. */
export const WIDE = 760;
export const NARROW = 350;
/** Charts below this width stack what they otherwise put side by side. */
export const STACKED_BELOW = 520;

export function isMissing(story: Story | MissingStory): story is MissingStory {
  return 'missing' in story;
}
