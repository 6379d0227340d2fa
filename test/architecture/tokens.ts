/**
 * Tokens of a TypeScript file by the compiler's own scanner, so that comments, strings, templates
 * and regular expressions cannot hide or fake a construct.
 */
import { SyntaxKind } from 'typescript/unstable/ast';
import { createScanner } from 'typescript/unstable/ast/scanner';

export interface Token {
  readonly kind: SyntaxKind;
  /** As written. */
  readonly text: string;
  /** Of a string literal: its value. */
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

/** After these a `/` divides; anywhere else it begins a regular expression. */
const ENDS_OPERAND: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.Identifier,
  SyntaxKind.NumericLiteral,
  SyntaxKind.BigIntLiteral,
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateTail,
  SyntaxKind.RegularExpressionLiteral,
  SyntaxKind.CloseParenToken,
  SyntaxKind.CloseBracketToken,
  SyntaxKind.CloseBraceToken,
  SyntaxKind.ThisKeyword,
  SyntaxKind.SuperKeyword,
  SyntaxKind.NullKeyword,
  SyntaxKind.TrueKeyword,
  SyntaxKind.FalseKeyword,
  SyntaxKind.PlusPlusToken,
  SyntaxKind.MinusMinusToken,
]);

/** All tokens of a file, without comments and white space. */
export function tokenise(text: string): Token[] {
  const scanner = createScanner(true, undefined, text);
  const lineOf = lineCounter(text);
  const tokens: Token[] = [];
  // Depth of braces inside each open template, to know the `}` that goes on with its text.
  const templates: number[] = [];
  let previous: SyntaxKind = SyntaxKind.Unknown;
  for (;;) {
    let kind = scanner.scan();
    if (kind === SyntaxKind.EndOfFile) return tokens;
    const inTemplate = templates.length - 1;
    if (isSlash(kind) && !ENDS_OPERAND.has(previous)) kind = scanner.reScanSlashToken();
    else if (kind === SyntaxKind.TemplateHead) templates.push(0);
    else if (kind === SyntaxKind.OpenBraceToken && inTemplate >= 0) templates[inTemplate]! += 1;
    else if (kind === SyntaxKind.CloseBraceToken && inTemplate >= 0) {
      if (templates[inTemplate] === 0) {
        kind = scanner.reScanTemplateToken(false);
        if (kind === SyntaxKind.TemplateTail) templates.pop();
      } else templates[inTemplate]! -= 1;
    }
    previous = kind;
    tokens.push({
      kind,
      text: scanner.getTokenText(),
      value: scanner.getTokenValue(),
      line: lineOf(scanner.getTokenStart()),
    });
  }
}

function isSlash(kind: SyntaxKind): boolean {
  return kind === SyntaxKind.SlashToken || kind === SyntaxKind.SlashEqualsToken;
}

/** Positions must be asked in ascending order. */
function lineCounter(text: string): (position: number) => number {
  let line = 1;
  let at = 0;
  return (position) => {
    for (; at < position; at++) if (text.charCodeAt(at) === 10) line += 1;
    return line;
  };
}

/** A module that a file names: by import, re-export, `import()` or a type's `import()`. */
export interface ModuleReference {
  readonly specifier: string;
  readonly line: number;
}

/** Every module that the file names. */
export function moduleReferences(tokens: readonly Token[]): ModuleReference[] {
  const references: ModuleReference[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== SyntaxKind.StringLiteral) continue;
    const before = tokens[index - 1];
    const beforeThat = tokens[index - 2];
    const named =
      before?.kind === SyntaxKind.FromKeyword ||
      before?.kind === SyntaxKind.ImportKeyword ||
      (before?.kind === SyntaxKind.OpenParenToken &&
        (beforeThat?.kind === SyntaxKind.ImportKeyword || beforeThat?.text === 'require'));
    if (named) references.push({ specifier: token.value, line: token.line });
  }
  return references;
}
