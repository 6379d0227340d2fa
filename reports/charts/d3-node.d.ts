/** The part of d3-node 4 and of its d3 that the charts use; the package has no types. */
declare module 'd3-node' {
  interface Selection {
    append(name: string): Selection;
    attr(name: string, value: string | number): Selection;
    text(value: string): Selection;
    remove(): Selection;
    node(): unknown;
  }

  interface NumberScale {
    (value: number): number;
    domain(): number[];
    domain(values: readonly number[]): this;
    range(): number[];
    range(values: readonly number[]): this;
    nice(count?: number): this;
    ticks(count?: number): number[];
  }

  interface BandScale {
    (value: string): number | undefined;
    domain(values: readonly string[]): this;
    range(values: readonly number[]): this;
    paddingInner(share: number): this;
    paddingOuter(share: number): this;
    bandwidth(): number;
  }

  interface Line<Point> {
    (points: readonly Point[]): string | null;
    x(accessor: (point: Point) => number): this;
    y(accessor: (point: Point) => number): this;
    defined(accessor: (point: Point) => boolean): this;
    curve(curve: unknown): this;
    digits(digits: number): this;
  }

  interface Area<Point> {
    (points: readonly Point[]): string | null;
    x(accessor: (point: Point) => number): this;
    y0(accessor: (point: Point) => number): this;
    y1(accessor: (point: Point) => number): this;
    defined(accessor: (point: Point) => boolean): this;
    curve(curve: unknown): this;
    digits(digits: number): this;
  }

  interface D3 {
    scaleLinear(): NumberScale;
    scaleBand(): BandScale;
    line<Point>(): Line<Point>;
    area<Point>(): Area<Point>;
    interpolateRgb(from: string, to: string): (share: number) => string;
    readonly curveStepAfter: unknown;
    readonly curveLinear: unknown;
  }

  class D3Node {
    constructor(options?: { container?: string });
    createSVG(width?: number, height?: number): Selection;
    readonly d3: D3;
    readonly window: {
      readonly XMLSerializer: new () => { serializeToString(node: unknown): string };
    };
  }

  export { D3Node };
  export type { Area, BandScale, D3, Line, NumberScale, Selection };
}
