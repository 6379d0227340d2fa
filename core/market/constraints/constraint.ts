/**
 * What a bid demands of the nodes: a list of `[path, operator, value]`, all of which must hold.
 *
 * The language is that of FLOCX bids (`docs/match-syntax.md` of CCI-MOC/flocx):
 *
 * - numbers: `==`, `!=`, `<`, `>`, `<=`, `>=`;
 * - texts: `eq`, `ne`, `startswith`, `endswith`, `matches`;
 * - lists: `in` (the property is in the list given), `contains` (the property is a list that
 *   contains what is given);
 * - `null`: the property is there and neither false, 0, empty nor null;
 * - `!` before an operator turns it round.
 *
 * Other than there: a property that is missing, or of another type than the operator is for, does
 * not match, turned round or not, and stops nobody; `matches` takes a glob (`glob.ts`), never a
 * regular expression; paths are names and positions (`path.ts`), not all of JMESPath.
 */
import { matchesGlob, parseGlob } from './glob.ts';
import { parsePath, valueAt } from './path.ts';
import { isScalar } from './properties.ts';
import type { NodeProperties } from './properties.ts';

/** `[path, operator, value]`. */
export type Constraint = readonly [path: string, operator: string | null, value: unknown];

/** Most constraints of a bid. */
export const MAXIMUM_CONSTRAINTS = 16;
/** Most entries of a list to compare with. */
export const MAXIMUM_LIST = 64;

/** Whether a property that is there fulfils a constraint. */
type Test = (property: unknown) => boolean;

/** Tests properties against all constraints of a bid. */
export type Demand = (properties: NodeProperties | undefined) => boolean;

/** `MARKET_CONSTRAINTS_TOO_MANY`, `MARKET_CONSTRAINT_INVALID`, or null. Absent ones are in order. */
export function constraintsFault(constraints: unknown): string | null {
  if (constraints === undefined) return null;
  if (!Array.isArray(constraints)) return 'MARKET_CONSTRAINT_INVALID';
  if (constraints.length > MAXIMUM_CONSTRAINTS) return 'MARKET_CONSTRAINTS_TOO_MANY';
  for (let i = 0; i < constraints.length; i++) {
    const constraint: unknown = constraints[i];
    if (!Array.isArray(constraint) || constraint.length !== 3) return 'MARKET_CONSTRAINT_INVALID';
    const [path, operator, value] = constraint as [unknown, unknown, unknown];
    if (!parsePath(path) || !testOf(operator, value)) return 'MARKET_CONSTRAINT_INVALID';
  }
  return null;
}

/** A copy of valid constraints. */
export function plainConstraints(constraints: readonly Constraint[]): Constraint[] {
  return constraints.map(([path, operator, value]): Constraint => {
    const plain = operator === null ? null : Array.isArray(value) ? [...value] : value;
    return [path, operator, plain];
  });
}

/** Valid constraints ready for use. */
export function compileConstraints(constraints: readonly Constraint[]): Demand {
  const parts = constraints.map(([path, operator, value]) => ({
    steps: parsePath(path)!,
    test: testOf(operator, value)!,
  }));
  return (properties) =>
    parts.every(({ steps, test }) => {
      const property = valueAt(properties, steps);
      return property !== undefined && test(property);
    });
}

/** Whether properties fulfil constraints that are valid, or absent. */
export function fulfils(
  constraints: readonly Constraint[] | undefined,
  properties: NodeProperties | undefined,
): boolean {
  if (constraints === undefined || constraints.length === 0) return true;
  return properties !== undefined && compileConstraints(constraints)(properties);
}

/** The test of an operator with a value, or null where the two make no sense. */
function testOf(operator: unknown, value: unknown): Test | null {
  if (operator === null) return isTrue;
  if (typeof operator !== 'string') return null;
  const isTurned = operator.startsWith('!');
  const name = operator === '!=' ? '==' : isTurned ? operator.slice(1) : operator;
  const test = numberTest(name, value) ?? textTest(name, value) ?? listTest(name, value);
  return (
    test &&
    ((property) => {
      const holds = test(property);
      return holds !== null && holds !== isTurned;
    })
  );
}

/** Null where the property is of another type than the operator is for. */
type TypedTest = (property: unknown) => boolean | null;

function numberTest(name: string, value: unknown): TypedTest | null {
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  const compare = COMPARISONS.get(name);
  if (!compare) return null;
  return (property) => (typeof property === 'number' ? compare(property, value) : null);
}

const COMPARISONS: ReadonlyMap<string, (a: number, b: number) => boolean> = new Map([
  ['==', (a, b) => a === b],
  ['<', (a, b) => a < b],
  ['>', (a, b) => a > b],
  ['<=', (a, b) => a <= b],
  ['>=', (a, b) => a >= b],
]);

function textTest(name: string, value: unknown): TypedTest | null {
  if (typeof value !== 'string' || !isScalar(value)) return null;
  const glob = name === 'matches' ? parseGlob(value) : null;
  const compare = glob ? (text: string) => matchesGlob(glob, text) : TEXTS.get(name)?.(value);
  if (!compare) return null;
  return (property) => (typeof property === 'string' ? compare(property) : null);
}

const TEXTS: ReadonlyMap<string, (value: string) => (text: string) => boolean> = new Map([
  ['eq', (value) => (text) => text === value],
  ['ne', (value) => (text) => text !== value],
  ['startswith', (value) => (text) => text.startsWith(value)],
  ['endswith', (value) => (text) => text.endsWith(value)],
]);

function listTest(name: string, value: unknown): TypedTest | null {
  if (name === 'contains' && isScalar(value)) {
    return (property) => (Array.isArray(property) ? property.includes(value) : null);
  }
  if (name !== 'in' || !Array.isArray(value) || value.length > MAXIMUM_LIST) return null;
  for (let i = 0; i < value.length; i++) if (!isScalar(value[i])) return null;
  return (property) => (isScalar(property) ? value.includes(property) : null);
}

function isTrue(property: unknown): boolean {
  if (typeof property === 'object' && property !== null) {
    return Object.keys(property).length > 0;
  }
  return Boolean(property);
}
