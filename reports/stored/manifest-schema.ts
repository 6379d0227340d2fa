/** What a stored `manifest.json` must look like before a report is made of it. */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { Manifest } from '../../core/metrics/manifest.ts';

const text = Type.String();
const number = Type.Number();

export const manifestSchema = Type.Object({
  schema: Type.Literal('ocx-manifest/1'),
  ocxVersion: text,
  nodeVersion: text,
  gitCommit: Type.Union([text, Type.Null()]),
  command: text,
  scenarioFile: text,
  scenarioHash: text,
  scenario: Type.Unknown(),
  inputs: Type.Array(
    Type.Object({
      organisation: text,
      name: text,
      label: Type.Union([Type.Literal('real'), Type.Literal('derived'), Type.Literal('synthetic')]),
      sha256: Type.Union([text, Type.Null()]),
      treatment: text,
      droppedRecords: Type.Record(Type.String(), number),
    }),
  ),
  seed: number,
  replications: number,
  startedAt: text,
  durationSeconds: number,
  host: Type.Object({ platform: text, cpus: number, workers: number }),
});

/** Does not compile where the schema and the type drift apart. */
export const checkedAsManifest: (checked: Static<typeof manifestSchema>) => Manifest = (checked) =>
  checked;
