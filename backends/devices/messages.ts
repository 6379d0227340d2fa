/**
 * What is said on the socket of the process that holds the credentials of BMCs and switches: lines
 * of JSON of a bounded length, each of one of these shapes and nothing besides. There is no message
 * that reads a credential.
 */
import { Ajv } from 'ajv';
import { Type, type Static, type TSchema } from 'typebox';
import type { Outcome } from '../../core/kernel/service.ts';

/** Of a line, with room for every network of a port. */
export const LONGEST_LINE_BYTES = 65_536;
/** Commands of one connection that may be under way at once. */
export const MOST_CALLS = 4_096;

const closed = { additionalProperties: false };
const object = <P extends Record<string, TSchema>>(properties: P) =>
  Type.Object(properties, closed);
const name = () => Type.String({ pattern: '^[\\x21-\\x7e]{1,128}$' });
const whole = (minimum: number) => Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER });
const port = { switchId: name(), portId: name() };

const header = {
  effectId: Type.String({ minLength: 1, maxLength: 256 }),
  nodeId: name(),
  fencingToken: whole(0),
  deadlineMs: whole(0),
};

const EffectSchema = Type.Union([
  object({ ...header, kind: Type.Literal('PowerOff'), force: Type.Boolean() }),
  object({ ...header, kind: Type.Literal('PowerOn'), bootCount: whole(0) }),
  object({
    ...header,
    kind: Type.Literal('SetBootDevice'),
    device: Type.Union(['network', 'disk', 'media', 'none'].map((device) => Type.Literal(device))),
  }),
  object({
    ...header,
    kind: Type.Literal('SetMedia'),
    image: Type.Union([Type.String({ pattern: '^https?://[\\x21-\\x7e]{1,1000}$' }), Type.Null()]),
  }),
  object({ ...header, kind: Type.Literal('SetSecureBoot'), enabled: Type.Boolean() }),
  object({
    ...header,
    kind: Type.Literal('RotateBmcToken'),
    grantee: Type.Union([name(), Type.Null()]),
  }),
  object({
    ...header,
    kind: Type.Literal('ConfigurePort'),
    ...port,
    attachments: Type.Array(object({ networkId: whole(1), channel: name() }), { maxItems: 512 }),
  }),
  object({ ...header, kind: Type.Literal('WipeNode') }),
  object({ ...header, kind: Type.Literal('ObserveNode') }),
]);

const MessageSchema = Type.Union([
  /** The first on a connection: who is in charge from now on. */
  object({ kind: Type.Literal('hello'), epoch: whole(1) }),
  object({
    kind: Type.Literal('carryOut'),
    call: whole(1),
    /** As of the sender's last look at it. */
    epoch: whole(1),
    /** On the machine's monotonic clock, which both processes share. */
    deadlineUptimeMs: whole(0),
    effect: EffectSchema,
    ports: Type.Array(object(port), { maxItems: 64 }),
  }),
  /** Whoever asked does not wait any more: end what can be ended, and say how far it got. */
  object({ kind: Type.Literal('cancel'), call: whole(1) }),
  /** The first on a connection: from then on it carries the console's bytes. */
  object({ kind: Type.Literal('console'), nodeId: name(), grantee: name() }),
]);

export type DeviceMessage = Static<typeof MessageSchema>;

export type DeviceAnswer =
  | { readonly kind: 'welcome' }
  | { readonly kind: 'outcome'; readonly call: number; readonly outcome: Outcome<unknown> }
  /** The connection ends. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

const validate = new Ajv({ strict: false }).compile(MessageSchema);

/** Null for what is none of the messages; what is wrong with it is not said, it may hold anything. */
export function parseMessage(line: string): DeviceMessage | null {
  try {
    const value: unknown = JSON.parse(line);
    return validate(value) ? (value as DeviceMessage) : null;
  } catch {
    return null;
  }
}

/**
 * Cuts what arrives into lines. @returns false where a line is longer than any may be
 */
export class LineReader {
  readonly #take: (line: string) => void;
  readonly #longest: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(take: (line: string) => void, longest = LONGEST_LINE_BYTES) {
    this.#take = take;
    this.#longest = longest;
  }

  /** What came after the last line. */
  get rest(): Buffer {
    return this.#rest;
  }

  push(chunk: Buffer): boolean {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let end = this.#rest.indexOf(10); end >= 0; end = this.#rest.indexOf(10)) {
      if (end > this.#longest) return false;
      const line = this.#rest.toString('utf8', 0, end);
      this.#rest = this.#rest.subarray(end + 1);
      this.#take(line);
    }
    return this.#rest.length <= this.#longest;
  }
}

/** Whole milliseconds of the machine's monotonic clock, the same in all of its processes. */
export function uptimeMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
