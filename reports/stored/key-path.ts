/** Whether a key path can lead to a figure of `metrics.json`, without having one at hand. */
import { metricsSchema } from './metrics-schema.ts';

interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

/** What is wrong with a path: the word that leads nowhere, and those that would. */
export interface WrongPath {
  readonly word: string;
  readonly known: readonly string[];
}

/** Names of organisations, variants, classes and measures may be any. @returns null: it may lead */
export function checkFigurePath(path: string): WrongPath | null {
  let nodes: readonly SchemaNode[] = [metricsSchema as unknown as SchemaNode];
  for (const word of path.split('.')) {
    const next = nodes.flatMap((node) => step(node, word));
    if (next.length === 0) return { word, known: nodes.flatMap(keysOf) };
    nodes = next.flatMap((node) => node.anyOf ?? [node]);
  }
  if (nodes.some(isFigure)) return null;
  return { word: path.split('.').at(-1)!, known: nodes.flatMap(keysOf) };
}

function step(node: SchemaNode, word: string): readonly SchemaNode[] {
  if (node.items) return [node.items];
  if (node.patternProperties) return Object.values(node.patternProperties);
  if (node.properties && Object.hasOwn(node.properties, word)) return [node.properties[word]!];
  return [];
}

function keysOf(node: SchemaNode): string[] {
  return Object.keys(node.properties ?? {});
}

function isFigure(node: SchemaNode): boolean {
  return node.type === 'number' || node.type === 'integer' || keysOf(node).includes('ci95');
}
