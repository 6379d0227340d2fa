/** Draws all charts of a run: each at its width for a page and at its width for a telephone. */
import type { Metrics } from '../../core/metrics/results.ts';
import { isMissing, NARROW, WIDE } from './chart.ts';
import type { Chart, Story } from './chart.ts';
import type { Drawing } from './drawing.ts';
import { CHARTS } from './registry.ts';
import type { SectionName } from './registry.ts';

export interface Figure {
  readonly name: string;
  readonly section: SectionName;
  readonly story: Story;
  /** SVG documents. */
  readonly wide: string;
  readonly narrow: string;
}

/** A chart that these results cannot fill. */
export interface MissingFigure {
  readonly name: string;
  readonly section: SectionName;
  readonly missing: string;
}

export function drawFigures(drawing: Drawing, metrics: Metrics): (Figure | MissingFigure)[] {
  return CHARTS.map(({ section, chart }) => {
    const story = chart.tell(metrics);
    const place = { name: chart.name, section };
    if (isMissing(story)) return { ...place, missing: story.missing };
    const wide = drawChart(drawing, chart, story, metrics, WIDE);
    const narrow = drawChart(drawing, chart, story, metrics, NARROW);
    return { ...place, story, wide, narrow };
  });
}

/** One chart at one width, pixels. */
export function drawChart(
  drawing: Drawing,
  chart: Chart,
  story: Story,
  metrics: Metrics,
  width: number,
): string {
  const id = `${chart.name}-${width < WIDE ? 'narrow' : 'wide'}`;
  const picture = { id, title: story.title, description: story.description, width };
  return drawing.render(picture, (d3, root) => chart.draw(d3, root, metrics, { width, id }));
}
