/** Answers of the Redfish service; its errors carry a message of the Base registry and our code. */
import { createHash } from 'node:crypto';
import type { Refusal } from '../../core/kernel/errors.ts';

export interface Answer {
  readonly status: number;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Messages of the registry that are used, and the statuses that they go with. */
const STATUS_OF = {
  NoValidSession: 401,
  ResourceMissingAtURI: 404,
  MethodNotAllowed: 405,
  PreconditionFailed: 412,
  MalformedJSON: 400,
  PropertyUnknown: 400,
  PropertyValueError: 400,
  PropertyValueNotInList: 400,
  ActionParameterMissing: 400,
  ActionParameterNotSupported: 400,
  ResourceInUse: 503,
  ConflictingState: 409,
  OperationFailed: 500,
  ServiceTemporarilyUnavailable: 503,
  InternalError: 500,
} as const;
type MessageName = keyof typeof STATUS_OF;

/** Those that the registry does not have; they go under its general one. */
const OWN: ReadonlySet<MessageName> = new Set([
  'MethodNotAllowed',
  'ConflictingState',
  'PropertyValueError',
]);
const REGISTRY = 'Base.1.8';
const RETRY_AFTER_SECONDS = '2';

/** @param code of ours; the message says what is wrong, in one sentence */
export function failure(name: MessageName, code: string, message: string): Answer {
  const status = STATUS_OF[name];
  const messageId = `${REGISTRY}.${OWN.has(name) ? 'GeneralError' : name}`;
  const severity = status >= 500 ? 'Critical' : 'Warning';
  const info = {
    '@odata.type': '#Message.v1_1_1.Message',
    MessageId: messageId,
    Message: message,
    Severity: severity,
    Oem: { Ocx: { Code: code } },
  };
  return {
    status,
    body: { error: { code: messageId, message, '@Message.ExtendedInfo': [info] } },
    headers: {
      ...(status === 401 ? { 'www-authenticate': 'Basic realm="ocx"' } : {}),
      ...(status === 503 ? { 'retry-after': RETRY_AFTER_SECONDS } : {}),
    },
  };
}

export const UNKNOWN_CALLER = failure(
  'NoValidSession',
  'INPUT_UNAUTHENTICATED',
  'the credential of a leased node is needed, and is void once its lease is over',
);
export const NOTHING_THERE = failure(
  'ResourceMissingAtURI',
  'NOT_FOUND',
  'there is no such resource',
);

/** What the core refuses. It never says 403: who has no right to a node finds none. */
export function refused({ code, message }: Refusal): Answer {
  if (code.startsWith('NOT_FOUND') || code.startsWith('DENIED')) return NOTHING_THERE;
  if (code.startsWith('INPUT')) return failure('PropertyValueError', code, message);
  if (code.startsWith('RESOURCE')) return failure('ServiceTemporarilyUnavailable', code, message);
  return failure('ConflictingState', code, message);
}

/** A resource, with the tag that a later change of it may name. */
export function found(body: object): Answer {
  return { status: 200, body, headers: { etag: tagOf(body) } };
}

export function tagOf(body: object): string {
  return `"${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 32)}"`;
}
