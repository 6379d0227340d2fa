/**
 * Takes the quote of one machine that is known to be good, as a process in the gateway's namespace:
 * `node reference-desk.ts JSON`. It ends with the quote, or with a failure.
 */
import { createReadStream, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readAnswer, readHello, writeInvitation } from '../tpm/agent-messages.ts';
import { readCertificates } from '../tpm/endorsement.ts';
import { QuoteDesk, randomNonce } from '../tpm/quote-desk.ts';
import { BOOT_PORT } from './boot-network.ts';
import type { NodePlan } from './plan.ts';

export interface MeasuredBoot {
  readonly macAddress: string;
  /** PCR index → SHA-256 value in hex. */
  readonly pcrs: Readonly<Record<string, string>>;
  /** Base64. */
  readonly eventLog: string;
}

interface Asked {
  readonly node: NodePlan;
  readonly image: string;
  readonly tpmRoot: string;
  readonly tpmIssuer: string;
  readonly answer: string;
}

const MOST_BODY_BYTES = 2_000_000;
const DEADLINE_MS = 600_000;

const asked = JSON.parse(process.argv[2] ?? '') as Asked;
const { nodeId, macAddress, airlock } = asked.node;
const desk = new QuoteDesk({
  roots: readCertificates([readFileSync(asked.tpmRoot, 'utf8')]),
  intermediates: readCertificates([readFileSync(asked.tpmIssuer, 'utf8')]),
});
const request = { kind: 'RequestQuote', effectId: 'reference', leaseId: 'reference' } as const;
desk.request({ ...request, nodeId, nonce: randomNonce(), deadlineMs: Date.now() + DEADLINE_MS });

async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(message);
  if (message.url === '/uki.efi') return sendImage(message, response);
  if (message.url === '/v1/whereami') return void response.end('airlock');
  if (message.url === '/v1/airlock/hello') return greet(body, response);
  if (message.url === '/v1/airlock/answer') return take(body, response);
  response.writeHead(message.url === '/v1/airlock/key' ? 204 : 404).end();
}

function sendImage(message: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Content-Length', statSync(asked.image).size);
  if (message.method === 'HEAD') return void response.end();
  createReadStream(asked.image).pipe(response);
}

function greet(body: unknown, response: ServerResponse): void {
  const hello = readHello(body);
  const said = hello.ok ? desk.hello(nodeId, 1, hello.value, Date.now()) : hello;
  if (!('invitation' in said)) return fail(said);
  response.end(JSON.stringify(writeInvitation(said.invitation)));
}

function take(body: unknown, response: ServerResponse): void {
  const answer = readAnswer(body);
  const said = answer.ok ? desk.answer(nodeId, answer.value, Date.now()) : answer;
  if (!said.ok || said.value.outcome.status !== 'ok') return fail(said);
  const { pcrs } = said.value.outcome.value;
  const { eventLog } = body as { eventLog: string };
  const measured: MeasuredBoot = { macAddress, pcrs: { ...pcrs }, eventLog };
  writeFileSync(asked.answer, JSON.stringify(measured));
  response.writeHead(202).end();
  response.on('close', () => process.exit(0));
}

async function readBody(message: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of message as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.length > MOST_BODY_BYTES) throw new Error('the message is too long');
  }
  return text === '' ? null : JSON.parse(text);
}

function fail(why: unknown): void {
  process.stderr.write(`${JSON.stringify(why)}\n`);
  process.exit(1);
}

createServer((message, response) => void serve(message, response).catch(fail)).listen(
  BOOT_PORT,
  airlock.gateway,
);
