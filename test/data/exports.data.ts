/**
 * The snippets of docs/EXPORTS.md run as they stand: with the interpreters that `OCX_PYTHON` (with
 * pandas) and `OCX_RSCRIPT` name, else with those that Debian's packages bring.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { CRATE_FILE, researchCrate } from '../../cli/research-crate.ts';
import { renderJobsCsv } from '../../reports/tables/jobs-csv.ts';
import { renderMetricsCsv } from '../../reports/tables/metrics-csv.ts';
import { runCli, temporaryFolder } from '../cli/run.ts';
import { exampleManifest, exampleMetrics } from '../reports/example-metrics.ts';

const EXPORTS = readFileSync(new URL('../../docs/EXPORTS.md', import.meta.url), 'utf8');

/** Worked by hand under EASY: job 2 waits 11 s and is cut to its estimate. */
const LOG = `; MaxProcs: 4
1 1 -1 10 3 -1 -1 3 20 -1 1 7 1 1 1 -1 -1 -1
2 2 -1 99 4 -1 -1 4 10 -1 1 8 1 1 1 -1 -1 -1
3 3 -1 10 1 -1 -1 1 10 -1 1 7 1 1 1 -1 -1 -1
`;

const DEBIAN = {
  python: ['/usr/bin/python3', '/usr/lib/python3/dist-packages/pandas'],
  r: ['/usr/bin/Rscript', '/usr/lib/R'],
} as const;

for (const [language, variable, suffix] of [
  ['python', 'OCX_PYTHON', 'py'],
  ['r', 'OCX_RSCRIPT', 'R'],
] as const) {
  const [program, library] = DEBIAN[language];
  const installed = existsSync(program) && existsSync(library) ? program : undefined;
  const interpreter = process.env[variable] ?? installed;
  const run = interpreter === undefined ? test.skip : test;
  run(`the ${language} snippet of the documentation runs (needs ${variable})`, async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'log.swf'), LOG);
    for (const file of ['schedule.csv', 'schedule.swf']) {
      const argv = ['replay', 'log.swf', '--scheduler', 'easy', '--schedule', file];
      t.is((await runCli(argv, { workingDirectory: folder })).exitCode, 0);
    }
    const metrics = renderMetricsCsv(exampleMetrics({ hours: 48 }));
    const jobs = renderJobsCsv([
      {
        jobId: '5',
        workloadName: 'hpc',
        submissionSeconds: 0,
        requestedNodes: 3,
        requestedSeconds: 100,
        success: true,
        startSeconds: 30,
        finishSeconds: 90,
        allocatedNodes: [1, 2, 5],
      },
    ]);
    const crate = researchCrate(exampleManifest(), new Map([['metrics.json', '{}\n']]));
    for (const [file, text] of [
      ['metrics.csv', metrics],
      ['jobs-hpc.csv', jobs],
      [CRATE_FILE, crate],
    ] as const) {
      writeFileSync(join(folder, file), text);
    }
    const [, snippet] = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(EXPORTS)!;
    writeFileSync(join(folder, `snippet.${suffix}`), snippet!);
    const printed = execFileSync(interpreter!, [`snippet.${suffix}`], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
    });
    t.regex(printed, /variant/);
    // User 8 waited 11 s, user 7 not at all; the same from the schedule in SWF, by job.
    t.regex(printed, /8 .*11/);
    t.regex(printed, /mean wait 3\.67/);
    // Three of the nodes for a minute.
    t.regex(printed, /hpc +180/);
    if (language === 'python') t.regex(printed, /metrics\.json [0-9a-f]{64}/);
  });
}
