/**
 * The figures that workload models are held against, counted again in the data that they come from.
 * The folder of traces comes from OCX_TRACES.
 */
import { join } from 'node:path';
import test from 'ava';
import {
  ESTIMATE_LOGS,
  ESTIMATES_OF_LOGS,
  estimateFigures,
} from '../../bench/validation/models/estimates.ts';
import { AZURE_BANDS } from '../../bench/validation/models/azure.ts';
import { outside, type Figures } from '../../bench/validation/models/bands.ts';
import { EMERGENCY_BANDS } from '../../bench/validation/models/emergencies.ts';
import { DAY_MS } from '../../core/kernel/units.ts';
import { FLAVOURS } from '../../workloads/cloud/flavours.ts';
import { readCsv } from '../../workloads/csv.ts';
import { readAzureTrace } from '../../workloads/formats/azure-files.ts';
import { readFema } from '../../workloads/formats/fema.ts';
import { readSwf } from '../../workloads/formats/swf.ts';
import { FLAVOUR_SHARES, HOUR_FACTORS } from '../../workloads/models/azure-batches.ts';
import { parseCivilMs } from '../../workloads/calendar.ts';
import { mean, variance } from '../../workloads/statistics.ts';

const traces = process.env['OCX_TRACES'];
const withTraces = traces === undefined ? test.skip : test;
const path = (name: string) => join(traces ?? '', name);
const FEMA = 'emergency/fema-web-disaster-declarations-to-2015.csv.gz';

/** Names of those of the figures that are outside the model's bands. */
function missed(bands: typeof AZURE_BANDS, figures: Figures): string[] {
  return outside(
    bands.bands.filter(({ figure }) => figure in figures),
    figures,
  );
}

withTraces('the Azure stream lies within the bands of the model of batches', (t) => {
  const { stream } = readAzureTrace(path('cloud/azure-v1.train.txt.gz'));
  const bins = 5_999;
  const batches = new Float64Array(bins);
  const machines = new Float64Array(bins);
  const flavours = new Float64Array(FLAVOURS.length);
  stream.batchSeconds.forEach((second, batch) => {
    if (second >= 1_800_000) return;
    const [from, to] = [stream.batchStart[batch]!, stream.batchStart[batch + 1]!];
    batches[second / 300 - 1]! += 1;
    machines[second / 300 - 1]! += to - from;
    for (let i = from; i < to; i++) flavours[stream.flavour[i]!]! += 1;
  });
  const all = machines.reduce((sum, count) => sum + count, 0);
  const figures = {
    'batches in 300 s, mean': mean(batches),
    'batches in 300 s, variance': variance(batches),
    'batches in 300 s, Fano factor': variance(batches) / mean(batches),
    'mean batch size': mean(machines) / mean(batches),
    'machines in 300 s, mean': mean(machines),
    'machines in 300 s, Fano factor': variance(machines) / mean(machines),
  };
  t.deepEqual(missed(AZURE_BANDS, figures), []);
  // What the model does not have: an hour's batches tell of the next beyond the cycles of day and week.
  const centre = mean(batches);
  const hourApart = batches.subarray(12).reduce((sum, count, bin) => {
    return sum + (count - centre) * (batches[bin]! - centre);
  }, 0);
  const correlation = hourApart / (bins - 12) / variance(batches);
  t.true(Math.abs(correlation - 0.745) < 0.005, `${correlation}`);
  for (const [letter, share] of FLAVOUR_SHARES) {
    const found = flavours[FLAVOURS.findIndex((each) => each.letter === letter)]! / all;
    t.true(Math.abs(found - share) < 0.0001, `${letter}: ${found}`);
  }
  const hours = HOUR_FACTORS.map((_, hour) => {
    const ofHour = machines.filter(
      (__, bin) => Math.floor((((bin + 1) * 300) % 86_400) / 3_600) === hour,
    );
    return mean(ofHour) / mean(machines);
  });
  hours.forEach((found, hour) => {
    t.true(Math.abs(found - HOUR_FACTORS[hour]!) < 0.006, `${hour} h: ${found}`);
  });
});

/** Chance that two of these, drawn at random, are equal. */
function agreement(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const pairs = values.length * (values.length - 1);
  return [...counts.values()].reduce((sum, count) => sum + count * (count - 1), 0) / pairs;
}

withTraces('machines of a batch in the development part share their fate as in the model', (t) => {
  const { stream } = readAzureTrace(path('cloud/azure-v1.train.txt.gz'));
  const lifetimes: number[] = [];
  const flavours: number[] = [];
  for (let batch = 0; batch < stream.batchSeconds.length; batch++) {
    const [from, to] = [stream.batchStart[batch]!, stream.batchStart[batch + 1]!];
    if (stream.durationBin[from]! < 0) continue;
    // Each batch counts once, however large; those of 100 and more were cut off by the end.
    const bins = [...stream.durationBin.subarray(from, to)].filter((bin) => bin >= 0 && bin < 100);
    if (bins.length > 1) lifetimes.push(agreement(bins));
    if (to - from > 1) flavours.push(agreement([...stream.flavour.subarray(from, to)]));
  }
  const found = {
    'two machines of a batch die in the same bin': mean(lifetimes),
    'two machines of a batch are the same flavour': mean(flavours),
  };
  t.deepEqual(missed(AZURE_BANDS, found), [], JSON.stringify(found));
});

withTraces('FEMA’s declarations of 2000–2015 cluster as the model’s do', (t) => {
  const [from, to] = [Date.UTC(2000, 0, 1), Date.UTC(2016, 0, 1)];
  const perDay = new Float64Array((to - from) / DAY_MS);
  for (const row of readCsv(path(FEMA), ['declarationType', 'declarationDate'])) {
    const atMs = parseCivilMs(row.text('declarationDate')) ?? NaN;
    const counts = ['Major Disaster', 'Emergency'].includes(row.text('declarationType'));
    if (counts && atMs >= from && atMs < to) perDay[Math.floor((atMs - from) / DAY_MS)]! += 1;
  }
  const figures = {
    'declarations a day': mean(perDay),
    'days without any': perDay.filter((count) => count === 0).length / perDay.length,
    'most on a day, in the fullest of 60 times 20 years': Math.max(...perDay),
  };
  t.deepEqual(missed(EMERGENCY_BANDS, figures), []);
  // The band is of 2000–2019; these 16 of the 20 years have a little more.
  const fano = variance(perDay) / mean(perDay);
  t.true(Math.abs(fano - 1.73) < 0.01, `${fano}`);
});

withTraces(
  'events hardly vary over months, and less than the model’s declarations cluster',
  (t) => {
    const [from, to] = [Date.UTC(2000, 0, 1), Date.UTC(2016, 0, 1)];
    const events = readFema(path(FEMA)).events.filter(
      ({ beginMs }) => beginMs >= from && beginMs < to,
    );
    const chiSquare = (begins: readonly number[]) => {
      const months = new Float64Array(12);
      for (const beginMs of begins) months[new Date(beginMs).getUTCMonth()]! += 1;
      const expected = begins.length / 12;
      return (
        months.reduce((sum, count) => sum + (count - expected) * (count - expected), 0) / expected
      );
    };
    t.true(Math.abs(chiSquare(events.map(({ beginMs }) => beginMs)) - 26.7) < 0.2);
    const national = events.filter(({ states }) => states >= 5);
    t.true(Math.abs(chiSquare(national.map(({ beginMs }) => beginMs)) - 12.4) < 0.2);
    const perMonth = new Float64Array(Math.floor((to - from) / DAY_MS / 30));
    for (const { beginMs } of events) {
      const window = Math.floor((beginMs - from) / DAY_MS / 30);
      if (window < perMonth.length) perMonth[window]! += 1;
    }
    // Of the model: 1 + 0.589 · (1 / (1 − n)² − 1) = 1.73.
    const fano = variance(perMonth) / mean(perMonth);
    t.true(fano > 1.4 && fano < 1.8, `${fano}`);
  },
);

for (const [name, file] of ESTIMATE_LOGS) {
  withTraces(`${name}: its users’ estimates are as the documentation says`, (t) => {
    const found = estimateFigures(readSwf(path(`hpc/${file}.swf.gz`)).jobs);
    const known = ESTIMATES_OF_LOGS[name]!;
    t.is(found.jobs, known.jobs);
    for (const key of ['top1', 'top20', 'underTenth', 'spike'] as const) {
      t.true(Math.abs(found[key] - known[key]) < 0.001, `${key}: ${found[key]}`);
    }
  });
}
