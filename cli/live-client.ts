/** Talks to a live service for the commands that do: `--server`, a token, and one answer. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { OcxError } from '../core/kernel/errors.ts';
import { jsonOf, send, serverOf } from '../backends/peers/server.ts';
import type { Sending, Server } from '../backends/peers/server.ts';
import { defineCommand, runCommand } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { readInputText } from './files.ts';

/** Options of every command that talks to a service. */
export interface LiveOptions extends CommonOptions {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly key?: string;
}

/** One call, as it is put together from a command line. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Sent as JSON; a buffer as it is. */
  readonly body?: object;
}

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 200;
const CALL_TIMEOUT_MS = 30_000;

/** `/nodes/a%2F1` from parts that may hold anything. */
export function pathOf(...parts: readonly string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join('');
}

/** Makes one call and gives back what was answered. @throws the service's refusal */
export type Ask = (call: Call) => Promise<object>;

/**
 * Adds a command that makes one call.
 *
 * @param call from the command's arguments and options
 * @param extend adds options of its own
 */
export function defineCall<Options extends LiveOptions>(
  parent: Command,
  nameAndArguments: string,
  summary: string,
  call: (words: readonly string[], options: Options) => Call,
  extend: (command: Command) => Command = (command) => command,
): void {
  const talk = (ask: Ask, words: readonly string[], options: Options) => ask(call(words, options));
  defineTalk(parent, nameAndArguments, summary, { talk, text: describe, extend });
}

/** What a command does that makes one call after another. */
export interface Talk<Options extends LiveOptions, Result> {
  talk(ask: Ask, words: readonly string[], options: Options, output: Output): Promise<Result>;
  text(result: Result): string;
  /** Adds options of its own. */
  extend?(command: Command): Command;
}

/** Adds a command that talks to a service. */
export function defineTalk<Options extends LiveOptions, Result>(
  parent: Command,
  nameAndArguments: string,
  summary: string,
  { talk, text, extend = (command) => command }: Talk<Options, Result>,
): void {
  const command = defineCommand(parent, nameAndArguments, summary)
    .option('--server <url>', 'where the service is; else OCX_SERVER')
    .option('--token-file <file>', 'holds the bearer token; else OCX_TOKEN')
    .option('--key <key>', 'idempotency key: the same for a request that is sent again');
  extend(command).action((...given: unknown[]) => {
    const words = command.processedArgs as string[];
    const options = given[words.length] as Options;
    return runCommand(options, async (output) => {
      output.result(await talk(asker(output, options), words, options, output), text);
    });
  });
}

/** @throws INPUT_SERVER, INPUT_TOKEN */
function asker(output: Output, options: LiveOptions): Ask {
  const { environment } = output.streams;
  const server = givenServer(options.server ?? environment['OCX_SERVER']);
  const token =
    options.tokenFile === undefined
      ? environment['OCX_TOKEN']
      : readInputText(output.path(options.tokenFile)).trim();
  if (!token) {
    throw new OcxError({
      code: 'INPUT_TOKEN',
      message: 'there is no token',
      remedy: 'set OCX_TOKEN or give --token-file',
    });
  }
  let number = 0;
  return (call) => {
    number += 1;
    // Each call of a command that is sent again has the key that it had.
    const { key } = options;
    return callService(server, token, call, number === 1 || !key ? key : `${key}.${number}`);
  };
}

/**
 * One call, sent again under the same key where it is not answered.
 *
 * @throws the service's refusal, BACKEND_UNREACHABLE, BACKEND_FAILED
 */
export async function callService(
  server: Server,
  token: string,
  { method, path, body }: Call,
  key: string = randomUUID(),
): Promise<object> {
  const headers = { authorization: `Bearer ${token}`, 'idempotency-key': key };
  const sending = { method, path: `/v1${path}`, headers, ...(body ? { body } : {}) };
  const { status, value } = await attempt(server, sending);
  return answerOf(status, value, server);
}

interface Answer {
  readonly status: number;
  /** Null where it is no JSON. */
  readonly value: unknown;
}

/** The same request under the same key: what was done already is not done again. */
async function attempt(server: Server, sending: Omit<Sending, 'signal'>): Promise<Answer> {
  for (let number = 1; ; number++) {
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const answer = await sendOnce(server, { ...sending, signal }).catch((error: unknown) => {
      if (number === ATTEMPTS) throw unreachable(server.name, error);
      return null;
    });
    if (answer && (answer.status !== 503 || number === ATTEMPTS)) return answer;
    await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS << number));
  }
}

async function sendOnce(server: Server, sending: Sending): Promise<Answer> {
  const response = await send(server, sending);
  return { status: response.statusCode!, value: await jsonOf(response) };
}

function answerOf(status: number, value: unknown, server: Server): object {
  const isDone = status >= 200 && status < 300;
  if (isDone && typeof value === 'object' && value !== null) return value;
  const problem = (value ?? {}) as { code?: unknown; detail?: unknown; remedy?: unknown };
  const { code, detail, remedy } = problem;
  if (typeof code !== 'string' || typeof detail !== 'string' || code === 'INTERNAL_ERROR') {
    throw new OcxError({
      code: 'BACKEND_FAILED',
      message: `the service answered ${status}`,
      place: { file: server.name },
      remedy: 'look into its log',
    });
  }
  const told = { code, message: detail };
  throw new OcxError(typeof remedy === 'string' ? { ...told, remedy } : told);
}

/** @throws INPUT_SERVER */
function givenServer(given: string | undefined): Server {
  if (given) return serverOf(given);
  throw new OcxError({
    code: 'INPUT_SERVER',
    message: 'there is no server',
    remedy: 'set OCX_SERVER or give --server, e.g. http://127.0.0.1:7400 or unix:/run/ocx.socket',
  });
}

function unreachable(server: string, cause: unknown): OcxError {
  const message = 'the service cannot be reached';
  const remedy = 'check that it runs and the address is right';
  return new OcxError(
    { code: 'BACKEND_UNREACHABLE', message, place: { file: server }, remedy },
    { cause },
  );
}

/** One line a field; what has parts of its own as JSON. */
export function describe(answer: object): string {
  const lines = Object.entries(answer).map(([name, value]) => {
    if (isNameList(value)) return `${name}: ${value.join(' ') || '(none)'}`;
    return `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  return lines.join('\n') || 'done';
}

function isNameList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((member) => typeof member === 'string');
}
