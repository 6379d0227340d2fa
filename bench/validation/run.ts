/**
 * Validates the simulator and prints tables: all sections, or those named. With `--record` each
 * goes into its place in `docs/results/validation.md`. Exit code 1 where something is not as it must
 * be, 2 for a section that does not exist. `peers` runs only if named.
 */
import { join } from 'node:path';
import { writeMarkedBlock } from '../marked-block.ts';
import { easyVariantsSection } from './easy-variants.ts';
import { modelsSection } from './models-section.ts';
import { oraclesSection } from './oracles.ts';
import { peersSection } from './peers.ts';
import { queueingSection } from './queueing-section.ts';
import type { Section } from './section.ts';

const SECTIONS: readonly Section[] = [
  queueingSection,
  easyVariantsSection,
  oraclesSection,
  modelsSection,
  peersSection,
];
const DOCUMENT = join(import.meta.dirname, '../../docs/results/validation.md');

const argv = process.argv.slice(2);
const recording = argv.includes('--record');
const names = argv.filter((word) => word !== '--record');
const known = SECTIONS.map(({ name }) => name);
const unknown = names.find((name) => !known.includes(name));

if (unknown !== undefined) {
  process.stderr.write(
    `INPUT_ARGUMENT: there is no section ${JSON.stringify(unknown)}, choose from ${known.join(', ')}, or --record\n`,
  );
  process.exitCode = 2;
} else {
  for (const section of SECTIONS) {
    if (names.length > 0 ? names.includes(section.name) : !section.onlyByName) validate(section);
  }
}

function validate(section: Section): void {
  process.stdout.write(`## ${section.name}\n\n`);
  const report = section.run();
  if ('skipped' in report) {
    process.stdout.write(`Skipped: ${report.skipped}\n\n`);
    return;
  }
  process.stdout.write(`${report.text}\n`);
  for (const failure of report.failures) {
    process.stderr.write(`${section.name}: ${failure}\n`);
    process.exitCode = 1;
  }
  // What is wrong is not written down as if it were a result.
  if (recording && report.failures.length === 0) {
    writeMarkedBlock(DOCUMENT, section.name, report.text);
  }
}
