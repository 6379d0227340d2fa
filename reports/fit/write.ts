/** All files of a fit. The caller writes them. */
import type { ModelFit } from '../../core/demand/model-fit.ts';
import { NARROW, WIDE } from '../charts/chart.ts';
import type { Story } from '../charts/chart.ts';
import { loadDrawing } from '../charts/drawing.ts';
import type { D3, Drawing, Selection } from '../charts/drawing.ts';
import type { PlainFigure } from '../html/figure-section.ts';
import { cycleStory, drawCycle } from './cycle-chart.ts';
import { distributionStory, drawDistribution } from './distribution-chart.ts';
import { renderModelToml } from './model-toml.ts';
import { renderFitPage } from './page.ts';
import { drawQuantiles, quantileStory } from './quantile-chart.ts';

/**
 * Relative path → contents: `model.toml`, `fit.json`, `fit.html`, `figures/*.svg`, each also as
 * `-column.svg`. Everything is made from the fit alone, so nothing else of the trace can be in it.
 */
export async function renderFit(fit: ModelFit): Promise<Map<string, string>> {
  const figures = drawFit(await loadDrawing(), fit);
  const files = new Map<string, string>();
  files.set('model.toml', renderModelToml(fit));
  files.set('fit.json', `${JSON.stringify(fit, null, 2)}\n`);
  files.set('fit.html', renderFitPage(fit, figures));
  for (const { name, wide, narrow } of figures) {
    files.set(`figures/${name}.svg`, asDocument(wide));
    files.set(`figures/${name}-column.svg`, asDocument(narrow));
  }
  return files;
}

function drawFit(drawing: Drawing, fit: ModelFit): PlainFigure[] {
  const figure = (
    name: string,
    story: Story,
    draw: (d3: D3, root: Selection, width: number) => number,
  ): PlainFigure => {
    const at = (width: number, id: string) => {
      const { title, description } = story;
      return drawing.render({ id, title, description, width }, (d3, root) => draw(d3, root, width));
    };
    return { name, story, wide: at(WIDE, `${name}-wide`), narrow: at(NARROW, `${name}-narrow`) };
  };
  return [
    ...fit.distributions.flatMap((pair) => [
      figure(pair.name, distributionStory(pair), (d3, root, width) =>
        drawDistribution(d3, root, pair, width),
      ),
      figure(`${pair.name}-quantiles`, quantileStory(pair), (d3, root, width) =>
        drawQuantiles(d3, root, pair, width),
      ),
    ]),
    ...fit.cycles.map((cycle) =>
      figure(`${cycle.name}-cycle`, cycleStory(cycle), (d3, root, width) =>
        drawCycle(d3, root, cycle, width),
      ),
    ),
  ];
}

function asDocument(svg: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`;
}
