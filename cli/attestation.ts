/** `ocx attestation`: the registry, policies and verdicts of a live attestation service. */
import type { Command } from 'commander';
import { OcxError } from '../core/kernel/errors.ts';
import { readInputText } from './files.ts';
import { defineCall, defineTalk, describe, pathOf, type LiveOptions } from './live-client.ts';

export function registerAttestation(program: Command): void {
  const attestation = program
    .command('attestation')
    .description('Nodes, policies and verdicts of an attestation service.');
  defineCall(attestation, 'list', 'List the nodes that you have attested.', () => ({
    method: 'GET',
    path: '/attestations',
  }));
  defineCall(
    attestation,
    'show <lease> <node>',
    'Show what was found about a node.',
    ([leaseId, nodeId]) => ({
      method: 'GET',
      path: `${pathOf('leases', leaseId!, 'nodes', nodeId!)}/attestation`,
    }),
  );
  for (const [word, collection, noun] of [
    ['nodes', 'nodes', 'registered nodes'],
    ['policies', 'policies', 'policies that are yours'],
  ] as const) {
    defineCall(attestation, word, `List the ${noun}.`, () => ({
      method: 'GET',
      path: `/${collection}`,
    }));
  }
  for (const [word, collection, noun] of [
    ['node', 'nodes', 'a registered node: its TPM, profile and reference values of its own'],
    ['policy', 'policies', 'a policy: the reference values of its profiles'],
  ] as const) {
    defineCall(attestation, `${word} <${word}>`, `Show ${noun}.`, ([name]) => ({
      method: 'GET',
      path: pathOf(collection, name!),
    }));
  }
  defineFile(attestation, 'register <file>', 'Register a node, from a JSON file.', '/nodes');
  defineFile(attestation, 'put-policy <file>', 'Put a policy’s next version.', '/policies');
  defineCall(attestation, 'unregister <node>', 'Forget a node, as its TPM is new.', ([nodeId]) => ({
    method: 'DELETE',
    path: pathOf('nodes', nodeId!),
  }));
}

/** A command whose one argument is a file with the body of the call. */
function defineFile(parent: Command, words: string, summary: string, path: string): void {
  defineTalk<LiveOptions, object>(parent, words, summary, {
    talk: (ask, [file], _options, output) =>
      ask({ method: 'POST', path, body: readBody(output.path(file!)) }),
    text: describe,
  });
}

/** @throws INPUT_FILE_…, INPUT_ATTESTATION_FILE */
function readBody(file: string): object {
  const text = readInputText(file);
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Told below.
  }
  throw new OcxError({
    code: 'INPUT_ATTESTATION_FILE',
    message: 'the file holds no JSON object',
    place: { file },
    remedy: 'see docs/attestation.md',
  });
}
