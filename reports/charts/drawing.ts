/**
 * The only file that knows d3-node: it makes an SVG document out of a chart's drawing.
 *
 * The package brings a whole DOM and takes most of a second to load, so it is loaded when the
 * first chart is drawn, and once.
 */
import type { D3, D3Node, Selection } from 'd3-node';
import { printable } from '../text/printable.ts';
import { FONT_FAMILY, PAPER } from './parts/palette.ts';
import { round } from './parts/marks.ts';

export type { D3, NumberScale, Selection } from 'd3-node';

export interface Picture {
  /** Unique within a page: the start of every id in the picture. */
  readonly id: string;
  /** What it says, in one sentence. */
  readonly title: string;
  /** What is drawn, for people who do not see it. */
  readonly description: string;
  /** Pixels; the picture scales to whatever width it is shown at. */
  readonly width: number;
}

export interface Drawing {
  /**
   * Makes an SVG document.
   *
   * @param draw draws into the root and returns the height that it took, pixels
   * @returns well-formed XML without a declaration; ids start with the picture's own
   */
  render(picture: Picture, draw: (d3: D3, root: Selection) => number): string;
}

let loading: Promise<Drawing> | null = null;

/** Loads d3-node at the first call. */
export function loadDrawing(): Promise<Drawing> {
  loading ??= import('d3-node').then((library) => createDrawing(new library.D3Node()));
  return loading;
}

function createDrawing(node: D3Node): Drawing {
  const serializer = new node.window.XMLSerializer();
  return {
    render(picture, draw) {
      const svg = node.createSVG();
      try {
        svg.attr('role', 'img').attr('aria-labelledby', `${picture.id}-title ${picture.id}-desc`);
        svg.append('title').attr('id', `${picture.id}-title`).text(picture.title);
        svg.append('desc').attr('id', `${picture.id}-desc`).text(picture.description);
        const paper = svg.append('rect').attr('fill', PAPER);
        const root = svg.append('g').attr('font-family', FONT_FAMILY);
        const height = Math.ceil(draw(node.d3, root));
        const width = round(picture.width);
        paper.attr('width', width).attr('height', height);
        svg.attr('viewBox', `0 0 ${width} ${height}`).attr('width', width).attr('height', height);
        // The serializer writes what XML does not allow as it stands; names are untrusted.
        return printable(serializer.serializeToString(svg.node()));
      } finally {
        svg.remove();
      }
    },
  };
}
