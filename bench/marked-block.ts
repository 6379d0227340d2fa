/** Tables that a command writes into a document, between the two comments that mark their place. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const begin = (name: string) => `<!-- begin ${name} -->`;
const end = (name: string) => `<!-- end ${name} -->`;

/** Where the block's content starts and stops in the document; throws where it has no such place. */
function blockRange(document: string, name: string): readonly [from: number, to: number] {
  const from = document.indexOf(begin(name));
  const to = document.indexOf(end(name));
  if (from < 0 || to < from) throw new Error(`there is no place for ${name} in the document`);
  return [from + begin(name).length, to];
}

/** What stands in the block now, without the empty lines around it. */
export function readMarkedBlock(document: string, name: string): string {
  return document.slice(...blockRange(document, name)).trim();
}

/** The document with another content in the block. */
export function withMarkedBlock(document: string, name: string, content: string): string {
  const [from, to] = blockRange(document, name);
  return `${document.slice(0, from)}\n\n${content.trim()}\n\n${document.slice(to)}`;
}

/** Writes the block anew, or leaves the file as it was. */
export function writeMarkedBlock(path: string, name: string, content: string): void {
  const document = withMarkedBlock(readFileSync(path, 'utf8'), name, content);
  writeFileSync(`${path}.part`, document);
  renameSync(`${path}.part`, path);
}
