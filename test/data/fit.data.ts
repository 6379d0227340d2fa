/**
 * Models fitted to real traces: the fit runs, what it makes has the trace's load within a tenth and
 * its jobs within stated distances, and figures that were published elsewhere come out.
 */
import { join } from 'node:path';
import test from 'ava';
import { BATCHES_MEAN } from '../../workloads/models/azure-batches.ts';
import { fitterFor } from '../../workloads/fit/registry.ts';
import { recogniseFormat } from '../../workloads/formats/registry.ts';
import { checkWorkload } from '../../workloads/schema.ts';
import { runCli, temporaryFolder } from '../cli/run.ts';

const traces = process.env['OCX_TRACES'];
const withTraces = traces === undefined ? test.skip : test;

function fitted(name: string) {
  const path = join(traces ?? '', name);
  const format = recogniseFormat(path);
  const options = { name: 'a trace', seed: 1, replications: 2 };
  return fitterFor(format, undefined).fit(format, path, {}, options);
}

type Fit = ReturnType<typeof fitted>;
const figure = (fit: Fit, name: string) => fit.comparison.find((each) => each.name === name)!;
const distance = (fit: Fit, name: string) =>
  fit.distributions.find((each) => each.name === name)!.distance;
const parameter = (fit: Fit, key: string) => fit.parameters.find((each) => each.key === key)!.value;

/** Logs with their loads as counted before (see workloads.data.ts) and how far apart sizes may be. */
const LOGS = [
  { file: 'hpc/KTH-SP2-1996-2.1-cln.swf.gz', load: 0.686, serial: 0.326, apart: 0.05 },
  { file: 'hpc/CTC-SP2-1996-3.1-cln.swf.gz', load: 0.841, serial: 0.42, apart: 0.05 },
  { file: 'hpc/HPC2N-2002-2.2-cln.swf.gz', load: 0.601, serial: 0.421, apart: 0.09 },
];

for (const { file, load, serial, apart } of LOGS) {
  withTraces(`a model fitted to ${file} makes its load, sizes and run times`, (t) => {
    const fit = fitted(file);
    t.is(fit.model, 'lublin');
    checkWorkload(fit.workload);
    const offered = figure(fit, 'offered load');
    t.true(Math.abs(offered.trace! / load - 1) < 0.005);
    t.true(Math.abs(offered.model! / offered.trace! - 1) < 0.1, JSON.stringify(offered));
    t.true(Math.abs(parameter(fit, 'sizes.serial') - serial) < 0.01);
    t.true(distance(fit, 'run-time') < 0.06);
    t.true(distance(fit, 'size') < apart);
    const run = figure(fit, 'mean run time');
    t.true(Math.abs(run.model! / run.trace! - 1) < 0.1, JSON.stringify(run));
  });
}

withTraces('what a fitted model makes is replayed at the load of its log', async (t) => {
  const workingDirectory = temporaryFolder(t);
  const log = join(traces!, LOGS[0]!.file);
  const cli = async (...argv: string[]) => {
    const result = await runCli(argv, { workingDirectory });
    t.is(result.exitCode, 0, result.stderr);
    return result.stdout;
  };
  await cli('trace', 'fit', log, '--out', 'fit', '--replications', '19', '--quiet');
  const days = ['--nodes', '100', '--days', '333'];
  const model = ['--workload', 'fit/model.toml', ...days, '--out', 'made.swf.gz'];
  await cli('trace', 'generate', 'lublin', ...model);
  const utilisation = async (file: string) => {
    const replayed = await cli('replay', file, '--scheduler', 'easy', '--json');
    return (JSON.parse(replayed) as { utilisation: number }).utilisation;
  };
  const [made, real] = [await utilisation('made.swf.gz'), await utilisation(log)];
  t.true(Math.abs(made / real - 1) < 0.1, `${made} ${real}`);
});

withTraces('a model fitted to the Azure stream has its published constants', (t) => {
  const fit = fitted('cloud/azure-v1.train.txt.gz');
  t.is(fit.model, 'azure-batches');
  checkWorkload(fit.workload);
  // The constants are of the whole stream, the fit keeps the weekdays' imbalance out of the mean.
  t.true(Math.abs(parameter(fit, 'batches.mean') / BATCHES_MEAN - 1) < 0.01);
  t.true(Math.abs(parameter(fit, 'batches.variance') / 300.6 - 1) < 0.03);
  t.true(Math.abs(parameter(fit, 'batches.sizes[1]') - 0.5714) < 0.005);
  // Kaplan–Meier over the development part, in the fourth decimal.
  t.true(Math.abs(parameter(fit, 'survival[12]') - 0.3102) < 0.0002);
  t.true(Math.abs(parameter(fit, 'survival[38]') - 0.0274) < 0.0002);
  t.true(distance(fit, 'batch-size') < 0.01);
});

withTraces('a Hawkes process fitted to declarations clusters as they do', (t) => {
  const fit = fitted('emergency/fema-web-disaster-declarations-to-2015.csv.gz');
  t.is(fit.model, 'hawkes');
  checkWorkload(fit.workload);
  // 676 events in 16 years, 2000 to 2015; here the last 16 years of the record.
  t.true(Math.abs(parameter(fit, 'declarationsPerDay') / (676 / (16 * 365.25)) - 1) < 0.03);
  const fano = figure(fit, 'variance over mean of events a day');
  t.true(Math.abs(fano.model! / fano.trace! - 1) < 0.1, JSON.stringify(fano));
  t.true(fit.tests[0]!.value < 0.05);
});
