/**
 * Colours and type of all charts. The hues are Okabe and Ito's eight, which people with any of the
 * common colour-vision deficiencies can tell apart (jfly.uni-koeln.de/color). Text and axes are in
 * greys of at least 4.5 : 1 contrast on the paper.
 */
import type { ClusterKind } from '../../../core/agents/view.ts';

export const ORANGE = '#e69f00';
export const SKY = '#56b4e9';
export const GREEN = '#009e73';
export const YELLOW = '#f0e442';
export const BLUE = '#0072b2';
export const VERMILLION = '#d55e00';
export const PURPLE = '#cc79a7';

export const INK = '#1f2328';
export const MUTED = '#57606a';
export const AXIS = '#8c959f';
export const GRID = '#e6e9ec';
export const PAPER = '#ffffff';
/** What everything is compared with. */
export const REFERENCE = '#8c959f';

export const FONT_FAMILY = "Helvetica, Arial, 'Liberation Sans', sans-serif";
export const FONT_SIZE = 12;
export const SMALL_FONT_SIZE = 11;

const SERIES = [BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, YELLOW, INK] as const;

/** The colour of the n-th of several series; repeats after eight. */
export function seriesColour(index: number): string {
  return SERIES[index % SERIES.length]!;
}

const KIND_COLOURS: Readonly<Record<ClusterKind, string>> = {
  hpc: BLUE,
  htc: SKY,
  cloud: ORANGE,
  testbed: GREEN,
  government: PURPLE,
};

export function kindColour(kind: string): string {
  return Object.hasOwn(KIND_COLOURS, kind) ? KIND_COLOURS[kind as ClusterKind] : REFERENCE;
}

/** Black or white, whichever is easier to read on the colour (WCAG 2.2 relative luminance). */
export function readableOn(colour: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? '#ffffff' : '#000000';
}
