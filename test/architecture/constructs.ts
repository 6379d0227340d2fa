/** What may not be written, and where. */
import { SyntaxKind } from 'typescript/unstable/ast';
import type { Token } from './tokens.ts';
import type { SourceFile, Violation } from './tree.ts';

/** Differ between machines or runs: banned wherever a decision or a result is made. */
const UNREPEATABLE: ReadonlySet<string> = new Set([
  'Date',
  'Intl',
  'Temporal',
  'globalThis',
  'performance',
  'process',
  'crypto',
  'WeakRef',
  'FinalizationRegistry',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'fetch',
]);
/** Methods that answer by the machine's language. */
const LOCALE_METHOD = /^(localeCompare|toLocale[A-Z]\w*)$/;
const UNREPEATABLE_MATH: ReadonlySet<string> = new Set(['random', 'pow']);
const POWER: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.AsteriskAsteriskToken,
  SyntaxKind.AsteriskAsteriskEqualsToken,
]);
/** core/ is synchronous besides. */
const ASYNCHRONOUS: ReadonlySet<string> = new Set(['async', 'await', 'Promise']);

/** Constructs in core/ and sim/ that could give other bytes on another machine or another day. */
export function unrepeatableConstructs(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => path.startsWith('core/') || path.startsWith('sim/'))
    .flatMap((file) =>
      file.tokens.flatMap((token, index) => {
        const what = unrepeatable(file.tokens, index, file.path.startsWith('core/'));
        return what === null ? [] : [{ path: file.path, line: token.line, what }];
      }),
    );
}

function unrepeatable(tokens: readonly Token[], index: number, core: boolean): string | null {
  const token = tokens[index]!;
  if (POWER.has(token.kind)) return `${token.text} has other bits on other versions of Node`;
  if (LOCALE_METHOD.test(token.text)) return `${token.text} depends on the machine's language`;
  const isMember = ['.', '?.'].includes(tokens[index - 1]?.text ?? '');
  if (isMember && tokens[index - 2]?.text === 'Math' && UNREPEATABLE_MATH.has(token.text)) {
    return `Math.${token.text} is not repeatable`;
  }
  if (isMember || isPropertyName(tokens, index)) return null;
  if (UNREPEATABLE.has(token.text)) return `${token.text} is not repeatable`;
  if (core && ASYNCHRONOUS.has(token.text)) return `${token.text}: core/ is synchronous`;
  return null;
}

/** In `{ process: 1 }` or `readonly process: string` the word names a member of our own. */
function isPropertyName(tokens: readonly Token[], index: number): boolean {
  const after = tokens[index + 1]?.text;
  const optional = after === '?' && tokens[index + 2]?.text === ':';
  if (after !== ':' && !optional) return false;
  return ['{', ',', ';', 'readonly'].includes(tokens[index - 1]?.text ?? '');
}

/** Things that the house does without, in every source file. */
export function unwantedConstructs(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) =>
    file.tokens.flatMap((token, index) => {
      const what = unwanted(file.tokens, index);
      return what === null ? [] : [{ path: file.path, line: token.line, what }];
    }),
  );
}

function unwanted(tokens: readonly Token[], index: number): string | null {
  const { kind } = tokens[index]!;
  const before = tokens[index - 1];
  const after = tokens[index + 1];
  if (kind === SyntaxKind.DefaultKeyword && before?.kind === SyntaxKind.ExportKeyword) {
    return 'default export: name it';
  }
  if (kind === SyntaxKind.EnumKeyword && after?.kind === SyntaxKind.Identifier) {
    return 'enum: use a union of strings';
  }
  const declares = kind === SyntaxKind.NamespaceKeyword || kind === SyntaxKind.ModuleKeyword;
  // `declare module 'x'` describes a package without types; a named one is a namespace.
  if (declares && after?.kind === SyntaxKind.Identifier && tokens[index + 2]?.text === '{') {
    return 'namespace: use a file';
  }
  if (kind === SyntaxKind.AtToken && after?.kind === SyntaxKind.Identifier) return 'decorator';
  return null;
}
