/** Links between services that decide something, where they only have to carry. */
import type { LinkPlant } from './virtual-service.ts';

interface Planted {
  /** Service → what is wrong with its links. */
  readonly plants: () => Readonly<Record<string, LinkPlant>>;
  readonly said: RegExp;
}

/** Applies a fault once: to the first that it fits. */
function once<T extends object, R>(
  fits: (value: T) => boolean,
  fault: (value: T) => R | null,
): (value: T) => T | R | null {
  let isDone = false;
  return (value) => {
    if (isDone || !fits(value)) return value;
    isDone = true;
    return fault(value);
  };
}

const kindOf = (body: object) => (body as { kind?: string }).kind;

function message(kind: string, fault: (body: object) => object | null): LinkPlant {
  const plant = once<object, object>((body) => kindOf(body) === kind, fault);
  return { message: (_, body) => plant(body) };
}

/** Name of the fault → a new plant, and a word of what has to be said of it. */
export const LINK_PLANTS: ReadonlyMap<string, Planted> = new Map<string, Planted>([
  [
    'a link that keeps a notice from the attester',
    {
      plants: () => ({ attestation: message('NodePowered', () => null) }),
      said: /message of isolation to attestation.*(never arrived|took)/,
    },
  ],
  [
    'a link that changes a notice on its way',
    {
      plants: () => ({
        'orchestrator/org-a': message('NodePowered', (body) => ({ ...body, bootCount: 99 })),
      }),
      said: /NoticeReceived came from nowhere/,
    },
  ],
  [
    'a link that turns a bad verdict into a good one',
    {
      plants: () => ({
        'orchestrator/org-b': {
          message: (_, body) =>
            kindOf(body) === 'AttestationVerdict' ? { ...body, verdict: 'trusted' } : body,
        },
      }),
      said: /NoticeReceived came from nowhere/,
    },
  ],
  [
    'a link that says no by itself',
    {
      plants: () => {
        const deny = once(
          ({ refusal }: { refusal: unknown }) => refusal === null,
          (reply) => ({ ...reply, refusal: { code: 'DENIED', message: 'no' }, result: null }),
        );
        return { 'orchestrator/org-b': { reply: (reply) => deny(reply) as typeof reply } };
      },
      said: /ReplyReceived came from nowhere/,
    },
  ],
  [
    'a link that drops an answer',
    {
      plants: () => {
        const drop = once(
          () => true,
          () => null,
        );
        return { market: { reply: (reply) => drop(reply) as typeof reply | null } };
      },
      said: /message of isolation to market.*ReplyReceived.*never arrived/,
    },
  ],
  [
    'a link that asks for less than it was told to',
    {
      plants: () => {
        const drop = once(
          ({ command }: { command: { kind: string } }) => command.kind === 'DeprovisionNode',
          () => null,
        );
        return { 'orchestrator/org-a': { request: (asked) => drop(asked) as typeof asked | null } };
      },
      said: /message of orchestrator\/org-a to provisioning.*never arrived/,
    },
  ],
  [
    'a link that reports a verdict of its own',
    {
      plants: () => ({
        attestation: {
          request: ({ peer, command }) => ({
            peer,
            command: { ...command, ...{ verdict: 'trusted' } },
          }),
        },
      }),
      said: /AttestationReport came from nowhere/,
    },
  ],
]);
