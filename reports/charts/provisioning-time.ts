/** Provisioning time of one node in the shape of the prospectus' Figure 3-3. */
import type { Metrics, ProvisioningTime } from '../../core/metrics/results.ts';
import { describeValue, formatNumber, NO_BREAK } from '../text/number.ts';
import { oneLine } from '../text/printable.ts';
import { textWidth } from '../text/width.ts';
import type { Chart, Frame } from './chart.ts';
import { STACKED_BELOW } from './chart.ts';
import type { D3, Selection } from './drawing.ts';
import { BOTTOM_AXIS_HEIGHT, bottomAxis, linearTicks } from './parts/axis.ts';
import { drawLegend } from './parts/legend.ts';
import { hatch } from './parts/hatch.ts';
import { label, rectangle } from './parts/marks.ts';
import { FONT_SIZE, PAPER, readableOn, SMALL_FONT_SIZE } from './parts/palette.ts';

const LEVEL_NAMES = {
  none: 'no attestation',
  attested: 'attestation',
  full: 'full attestation',
} as const;
const FIRMWARE_NAMES = { uefi: 'UEFI', linuxboot: 'LinuxBoot' } as const;

const BAR_HEIGHT = 20;
const ROW_HEIGHT = 28;
const HEADING_HEIGHT = 24;

/**
 * Twelve tones for phases: the Okabe–Ito hues in order and lighter ones of the same. Neighbours in
 * a bar are also parted by a white line, and wide segments carry their phase's number.
 */
const PHASE_COLOURS = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#f0e442',
  '#6e7781',
  '#99c7e0',
  '#f5d999',
  '#99d8c7',
  '#ebc9dc',
];

export const provisioningTimeChart: Chart = {
  name: 'provisioning-time',
  tell(metrics) {
    const times = timesOf(metrics);
    if (times.length === 0) return { missing: 'This run stored no provisioning times.' };
    return {
      title: titleOf(times),
      caption:
        'Time to provision one node, by phase, in the shape of Figure 3-3 of the prospectus: ' +
        'Foreman installs to disk and needs two power-on self-tests; BMI boots from the network, ' +
        'with UEFI or LinuxBoot firmware, without attestation, with attestation, and with full ' +
        'attestation (disk encryption and IPsec). These are inputs of the simulation: phase ' +
        'durations of its calibration, not measurements of this run.',
      description: 'Stacked horizontal bars in seconds: one bar a way of provisioning.',
      table: {
        columns: ['Way', 'Phase', 'Seconds'],
        rows: times.flatMap((time) => [
          ...time.phases.map((phase) => [
            nameOf(time),
            phase.name,
            formatNumber(phase.seconds, Number.isInteger(phase.seconds) ? 0 : 1),
          ]),
          [nameOf(time), 'total', formatNumber(time.totalSeconds, 0)],
        ]),
      },
    };
  },
  draw(d3, root, metrics, frame) {
    return drawAll(d3, root, timesOf(metrics), frame);
  },
};

function timesOf(metrics: Metrics): ProvisioningTime[] {
  const rank = (time: ProvisioningTime) =>
    (time.method === 'foreman' ? 0 : 10) +
    (time.firmware === 'uefi' ? 0 : 5) +
    ['none', 'attested', 'full'].indexOf(time.securityLevel);
  return [...metrics.provisioningTimes].sort((a, b) => rank(a) - rank(b));
}

function groupOf(time: ProvisioningTime): string {
  return `${time.method === 'foreman' ? 'Foreman' : 'BMI'}, ${FIRMWARE_NAMES[time.firmware]}`;
}

function nameOf(time: ProvisioningTime): string {
  return `${groupOf(time)}, ${LEVEL_NAMES[time.securityLevel]}`;
}

/** How a phase is filled, and the colour that its text must be readable on. */
interface Tone {
  readonly fill: string;
  readonly under: string;
}

function tonesOf(root: Selection, phases: readonly string[], id: string): Map<string, Tone> {
  return new Map(
    phases.map((name, index) => {
      const colour = PHASE_COLOURS[index % PHASE_COLOURS.length]!;
      if (index < PHASE_COLOURS.length) return [name, { fill: colour, under: colour }];
      return [name, { fill: hatch(root, `${id}-hatch-${index}`, colour), under: PAPER }];
    }),
  );
}

function drawAll(
  d3: D3,
  root: Selection,
  times: readonly ProvisioningTime[],
  { width, id }: Frame,
): number {
  const phases = [...new Set(times.flatMap((time) => time.phases.map((phase) => phase.name)))];
  const tones = tonesOf(root, phases, id);
  const legend = drawLegend(
    root,
    phases.map((name) => ({ text: name, colour: tones.get(name)!.fill, shape: 'bar' })),
    width,
  );
  const left = width < STACKED_BELOW ? 92 : 118;
  const totals = times.map((time) => textWidth(totalOf(time), SMALL_FONT_SIZE));
  const right = width - Math.ceil(Math.max(...totals)) - 12;
  const most = Math.max(...times.map((time) => time.totalSeconds));
  const x = d3
    .scaleLinear()
    .domain([0, most > 0 ? most : 1])
    .range([left, right]);
  const groups = [...new Set(times.map(groupOf))];
  const top = legend + 6;
  const bottom = top + groups.length * HEADING_HEIGHT + times.length * ROW_HEIGHT;
  const plot = { left, right, top, bottom, edge: width };
  bottomAxis(root, plot, linearTicks(x, right - left, 56), 'seconds until the node can be used');
  let y = top;
  for (const name of groups) {
    const backing = textWidth(name, FONT_SIZE, true) + 6;
    const box = { x: 0, y: y + 2, width: backing, height: HEADING_HEIGHT - 4 };
    rectangle(root, box, { fill: PAPER });
    label(root, 0, y + HEADING_HEIGHT / 2, name, { bold: true });
    y += HEADING_HEIGHT;
    for (const time of times.filter((one) => groupOf(one) === name)) {
      const middle = y + ROW_HEIGHT / 2;
      const small = { size: SMALL_FONT_SIZE } as const;
      label(root, left - 8, middle, LEVEL_NAMES[time.securityLevel], { ...small, anchor: 'end' });
      drawPhases(root, time, middle, x, tones);
      label(root, x(time.totalSeconds) + 6, middle, totalOf(time), { ...small, bold: true });
      y += ROW_HEIGHT;
    }
  }
  return bottom + BOTTOM_AXIS_HEIGHT;
}

function drawPhases(
  root: Selection,
  time: ProvisioningTime,
  middle: number,
  x: (seconds: number) => number,
  tones: ReadonlyMap<string, Tone>,
): void {
  let from = 0;
  for (const phase of time.phases) {
    const [start, end] = [x(from), x(from + phase.seconds)];
    const box = { x: start, y: middle - BAR_HEIGHT / 2, width: end - start, height: BAR_HEIGHT };
    const tone = tones.get(phase.name)!;
    const look = { fill: tone.fill, stroke: { stroke: PAPER, width: 1 } };
    const seconds = formatNumber(phase.seconds, 0);
    const title = `${oneLine(phase.name)}: ${seconds}${NO_BREAK}s`;
    rectangle(root, box, look).append('title').text(title);
    if (textWidth(seconds, SMALL_FONT_SIZE) + 6 <= end - start) {
      const fill = readableOn(tone.under);
      const centre = { size: SMALL_FONT_SIZE, anchor: 'middle', fill } as const;
      if (tone.fill !== tone.under) {
        const width = textWidth(seconds, SMALL_FONT_SIZE) + 4;
        const back = { x: (start + end - width) / 2, y: middle - 7, width, height: 14 };
        rectangle(root, back, { fill: PAPER });
      }
      label(root, (start + end) / 2, middle, seconds, centre);
    }
    from += phase.seconds;
  }
}

function totalOf(time: ProvisioningTime): string {
  return `${formatNumber(time.totalSeconds, 0)}${NO_BREAK}s`;
}

function titleOf(times: readonly ProvisioningTime[]): string {
  const foreman = times.find((time) => time.method === 'foreman');
  const others = times.filter((time) => time.method !== 'foreman');
  if (!foreman || others.length === 0) return 'Time to provision one node, by phase';
  const full = others.filter((time) => time.securityLevel === 'full');
  const slowest = (full.length > 0 ? full : others).reduce((most, time) =>
    time.totalSeconds > most.totalSeconds ? time : most,
  );
  const ratio = foreman.totalSeconds / slowest.totalSeconds;
  const name = `${FIRMWARE_NAMES[slowest.firmware]} with ${LEVEL_NAMES[slowest.securityLevel]}`;
  const speed = ratio >= 1 ? `${formatNumber(ratio, 1)} × as fast as` : 'slower than';
  return (
    `${ratio >= 1 ? 'Even ' : ''}${name} (${describeValue(slowest.totalSeconds, 'seconds')}) is ${speed} ` +
    `Foreman (${describeValue(foreman.totalSeconds, 'seconds')})`
  );
}
