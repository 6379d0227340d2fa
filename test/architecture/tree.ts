/** The project's own files, as the rules see them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tokenise } from './tokens.ts';
import type { Token } from './tokens.ts';

export interface TextFile {
  /** From the project's folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export interface SourceFile extends TextFile {
  readonly tokens: readonly Token[];
}

/** One place that breaks a rule. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

export const ROOT = join(import.meta.dirname, '..', '..');

const SOURCE_FOLDERS = ['core', 'sim', 'backends', 'workloads', 'reports', 'cli', 'bench', 'tools'];

/** Made by tools or by running the program; never committed. */
const SKIPPED: ReadonlySet<string> = new Set([
  '.git',
  'node_modules',
  'results',
  'coverage',
  'dist',
]);
const TEXT_FILE = /\.(ts|js|mjs|json|md|toml|ya?ml|html|css|csv|sh|txt)$|^[^.]*$|^\.[a-z]+$/;

/** Every text file of the project. */
export function textFiles(): TextFile[] {
  return list('').map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

function list(folder: string): string[] {
  const paths: string[] = [];
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name) || path === 'docs/results') paths.push(...list(path));
    } else if (entry.isFile() && TEXT_FILE.test(entry.name) && entry.name !== '.git') {
      paths.push(path);
    }
  }
  return paths.sort();
}

/** The TypeScript files among `files` that are sources, not tests. */
export function sources(files: readonly TextFile[]): SourceFile[] {
  return files.filter((file) => isSource(file.path)).map((file) => source(file.path, file.text));
}

/** The TypeScript files among `files` that are tests or their helpers. */
export function tests(files: readonly TextFile[]): SourceFile[] {
  return files
    .filter((file) => file.path.startsWith('test/') && file.path.endsWith('.ts'))
    .map((file) => source(file.path, file.text));
}

/** One file; how a test plants a violation. */
export function source(path: string, text: string): SourceFile {
  return { path, text, tokens: tokenise(text) };
}

function isSource(path: string): boolean {
  return path.endsWith('.ts') && SOURCE_FOLDERS.includes(path.split('/', 1)[0]!);
}

/** `path:line what`, one a line: what a failing test prints. */
export function describe(violations: readonly Violation[]): string {
  return violations.map(({ path, line, what }) => `${path}:${line} ${what}`).join('\n');
}
