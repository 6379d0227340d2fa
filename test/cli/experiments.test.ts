/** The committed experiments: each parses, and each of its cells is a valid scenario. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { cellSources, loadCell } from '../../cli/sweep/cells.ts';
import { experimentVocabulary } from '../../cli/vocabulary.ts';
import { checkFigurePath } from '../../reports/stored/key-path.ts';
import { loadExperiment } from '../../sim/experiment/sweep/experiment.ts';

const files = readdirSync('experiments', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.toml'))
  .sort();

test('there are experiments, each under its own name', (t) => {
  t.true(files.length > 0);
  const names = files.map((name) => {
    const path = join('experiments', name);
    return loadExperiment(readFileSync(path, 'utf8'), path, experimentVocabulary).name;
  });
  t.is(new Set(names).size, names.length);
});

for (const name of files) {
  test(`experiments/${name} parses, its cells resolve and its measures are figures`, (t) => {
    const path = join('experiments', name);
    const experiment = loadExperiment(readFileSync(path, 'utf8'), path, experimentVocabulary);
    const sources = cellSources(experiment, path, undefined);
    t.true(sources.length >= 2);
    for (const source of sources) t.true(loadCell(source).variants.length >= 2);
    for (const measure of experiment.measures) t.is(checkFigurePath(measure.path), null);
    t.true(experiment.replications >= 5);
  });
}
