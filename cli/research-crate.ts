/**
 * `ro-crate-metadata.json`: what a results folder is, for archives and registries of research data
 * (RO-Crate 1.1, with the run itself as in the profile Process Run Crate 0.5). It says nothing that
 * the manifest does not say; it says it in the words that repositories read.
 */
import { createHash } from 'node:crypto';
import type { Manifest } from '../core/metrics/manifest.ts';

/** Name of the file in the results folder. */
export const CRATE_FILE = 'ro-crate-metadata.json';

const CONTEXT = 'https://w3id.org/ro/crate/1.1/context';
const SPECIFICATION = 'https://w3id.org/ro/crate/1.1';
const PROFILE = 'https://w3id.org/ro/wfrun/process/0.5';
const RUN = '#run';
const SOFTWARE = '#ocx';

/** What `ocx report` writes anew later: a hash of it would not stay true. */
const REWRITTEN = /^(report\.html|metrics\.csv|figures\/|tables\/)/;

const ENCODINGS: readonly (readonly [ending: string, type: string])[] = [
  ['.json', 'application/json'],
  ['.csv', 'text/csv'],
  ['.html', 'text/html'],
  ['.svg', 'image/svg+xml'],
  ['.tex', 'application/x-tex'],
  ['.zst', 'application/zstd'],
];

type Entity = Readonly<Record<string, unknown>>;

/** @param files relative path → contents, all but the crate's own file */
export function researchCrate(
  manifest: Manifest,
  files: ReadonlyMap<string, string | Uint8Array>,
): string {
  const parts = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const results = parts.map(([path, contents]) => fileEntity(path, contents));
  const inputs = manifest.inputs.map(inputEntity);
  const graph: readonly Entity[] = [
    {
      '@id': CRATE_FILE,
      '@type': 'CreativeWork',
      conformsTo: reference(SPECIFICATION),
      about: reference('./'),
    },
    rootEntity(manifest, results),
    { '@id': PROFILE, '@type': 'CreativeWork', name: 'Process Run Crate', version: '0.5' },
    {
      '@id': SOFTWARE,
      '@type': 'SoftwareApplication',
      name: 'ocx, the Open Cloud eXchange',
      version: manifest.gitCommit ?? manifest.ocxVersion,
      softwareVersion: manifest.ocxVersion,
      softwareRequirements: `Node.js ${manifest.nodeVersion}`,
    },
    runEntity(manifest, results, inputs),
    ...inputs,
    ...results,
  ];
  return `${JSON.stringify({ '@context': CONTEXT, '@graph': graph }, null, 1)}\n`;
}

function rootEntity(manifest: Manifest, results: readonly Entity[]): Entity {
  const { name = manifest.scenarioFile } = manifest.scenario as { name?: string };
  return {
    '@id': './',
    '@type': 'Dataset',
    name: `${name}, seed ${manifest.seed}`,
    description:
      `Results of ${manifest.replications} replications of a simulated market for bare-metal ` +
      `nodes, compared with the same organisations without one. Made by: ${manifest.command}`,
    datePublished: endOf(manifest),
    license: 'None stated: it is for those who made the run to choose one.',
    identifier: `sha256:${manifest.scenarioHash}`,
    conformsTo: reference(PROFILE),
    hasPart: results.map(referenceTo),
    mentions: reference(RUN),
  };
}

function runEntity(
  manifest: Manifest,
  results: readonly Entity[],
  inputs: readonly Entity[],
): Entity {
  return {
    '@id': RUN,
    '@type': 'CreateAction',
    name: manifest.command,
    instrument: reference(SOFTWARE),
    object: inputs.map(referenceTo),
    result: results.map(referenceTo),
    startTime: manifest.startedAt,
    endTime: endOf(manifest),
  };
}

/** One input a source of demand; models have no file and no hash. */
function inputEntity(source: Manifest['inputs'][number], index: number): Entity {
  return {
    '@id': `#input-${index + 1}`,
    '@type': 'CreativeWork',
    name: source.name,
    description: `Demand of ${source.organisation}: ${source.label}, ${source.treatment}`,
    ...(source.sha256 === null ? {} : { identifier: `sha256:${source.sha256}` }),
  };
}

function fileEntity(path: string, contents: string | Uint8Array): Entity {
  const encoding = ENCODINGS.find(([ending]) => path.endsWith(ending))?.[1];
  const stays = !REWRITTEN.test(path);
  return {
    // Names of organisations may hold what an address must not.
    '@id': path.split('/').map(encodeURIComponent).join('/'),
    '@type': 'File',
    name: path,
    ...(encoding === undefined ? {} : { encodingFormat: encoding }),
    ...(stays
      ? {
          contentSize: String(Buffer.byteLength(contents)),
          sha256: createHash('sha256').update(contents).digest('hex'),
        }
      : {}),
  };
}

function endOf({ startedAt, durationSeconds }: Manifest): string {
  return new Date(Date.parse(startedAt) + Math.round(1000 * durationSeconds)).toISOString();
}

function reference(id: string): Entity {
  return { '@id': id };
}

function referenceTo(entity: Entity): Entity {
  return { '@id': entity['@id'] };
}
