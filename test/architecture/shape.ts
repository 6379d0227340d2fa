/** How files look: length, names, documentation, and nothing of one machine. */
import { SyntaxKind } from 'typescript/unstable/ast';
import type { Token } from './tokens.ts';
import type { SourceFile, TextFile, Violation } from './tree.ts';

const LONGEST_FILE_LINES = 500;
const LONGEST_FUNCTION_LINES = 70;
const KEBAB_CASE =
  /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|data|properties|live|rack|ironic|fuzz|config|build|d))*\.[a-z]+$/;

/** Long files and long functions hide more than one idea. */
export function lengthViolations(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) => {
    const lines = file.text.split('\n').length - 1;
    const long = lines > LONGEST_FILE_LINES;
    const own = long ? [{ path: file.path, line: lines, what: `has ${lines} lines` }] : [];
    return [...own, ...longFunctions(file)];
  });
}

function longFunctions(file: SourceFile): Violation[] {
  const violations: Violation[] = [];
  /** Line of each open brace, and whether a function's body begins there. */
  const open: { readonly line: number; readonly isBody: boolean }[] = [];
  for (const [index, token] of file.tokens.entries()) {
    if (token.kind === SyntaxKind.OpenBraceToken) {
      open.push({ line: token.line, isBody: beginsBody(file.tokens, index) });
    } else if (token.kind === SyntaxKind.CloseBraceToken) {
      const { line, isBody } = open.pop() ?? { line: token.line, isBody: false };
      const length = token.line - line + 1;
      if (isBody && length > LONGEST_FUNCTION_LINES) {
        violations.push({ path: file.path, line, what: `a function has ${length} lines` });
      }
    }
  }
  return violations;
}

/**
 * True after `=>`, after `)` except of if, for, while, switch, catch and with, and after the return
 * type of a function whose parameters end on the same line.
 */
function beginsBody(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  if (before?.kind === SyntaxKind.EqualsGreaterThanToken) return true;
  const line = tokens[index]!.line;
  for (let i = index - 1; i >= 0 && tokens[i]!.line === line; i--) {
    if (tokens[i]!.kind === SyntaxKind.CloseParenToken) {
      const isType = tokens[i + 1]?.kind === SyntaxKind.ColonToken;
      return (
        (isType || i === index - 1) && !/^(if|for|while|switch|catch|with)$/.test(head(tokens, i))
      );
    }
  }
  return false;
}

/** The word before the parenthesis that closes at `index`. */
function head(tokens: readonly Token[], index: number): string {
  let depth = 0;
  for (let i = index; i >= 0; i--) {
    if (tokens[i]!.kind === SyntaxKind.CloseParenToken) depth += 1;
    if (tokens[i]!.kind === SyntaxKind.OpenParenToken) depth -= 1;
    if (depth === 0) return tokens[i - 1]?.text ?? '';
  }
  return '';
}

/** A file says at its top what it is, or every export says what it is. */
export function undocumentedFiles(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text))
    .flatMap((file) => undocumentedExports(file));
}

function undocumentedExports(file: SourceFile): Violation[] {
  const lines = file.text.split('\n');
  return lines.flatMap((line, index) => {
    if (!/^export (async |abstract )?(function|const|interface|type|class) /.test(line)) return [];
    if (lines[index - 1]?.trimEnd().endsWith('*/')) return [];
    const what = 'neither the file nor this export has a docstring';
    return [{ path: file.path, line: index + 1, what }];
  });
}

/** File names are nouns in kebab-case. */
export function badFileNames(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => !KEBAB_CASE.test(path.slice(path.lastIndexOf('/') + 1)))
    .map(({ path }) => ({ path, line: 1, what: 'the name is not in kebab-case' }));
}

/** What the configurations of the test runner pick up. */
const CONFIGURED = [
  /\.test\.ts$/,
  /^test\/data\/.*\.data\.ts$/,
  /^test\/properties\/.*\.properties\.ts$/,
  /^test\/live\/.*\.live\.ts$/,
  /^test\/rack\/.*\.rack\.ts$/,
  /^test\/ironic\/.*\.ironic\.ts$/,
  /^test\/fuzz\/.*\.fuzz\.ts$/,
];

/** A test that no configuration picks up never runs. */
export function unreachableTests(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ text }) => /^import (?!type )[^;]*from 'ava'/m.test(text))
    .filter(({ path }) => !CONFIGURED.some((pattern) => pattern.test(path)))
    .map(({ path }) => ({ path, line: 1, what: 'imports ava, but no configuration runs it' }));
}

// Spelt in pieces, so that this file does not report itself.
const MACHINE_PATH = new RegExp(
  `(^|[\\s"'\`(=:])/(${['tmp', 'root', 'work', 'home'].join('|')})/\\w`,
);
const REGISTRY_HOST = new RegExp(`\\bregistry${'\\.'}[a-z]+\\.[a-z]+`);

/** Paths of one machine and addresses of package registries. */
export function machineTraces(files: readonly TextFile[]): Violation[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const found = MACHINE_PATH.exec(line)?.[0] ?? REGISTRY_HOST.exec(line)?.[0];
      return found === undefined ? [] : [{ path, line: index + 1, what: `names ${found.trim()}` }];
    }),
  );
}
