/**
 * A tenant's orchestrator in a process of its own: plans come in as JSON lines, what it tells its
 * tenant goes into a file of JSON lines, from the last place in it on.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { startOrchestrator } from '../../../cli/live-orchestrator.ts';
import { openStore } from '../../../cli/live-service.ts';
import type { PeerEntry } from '../../../cli/live-peers.ts';

interface Own {
  readonly name: string;
  readonly requestTimeoutMs: number;
  readonly peers: readonly PeerEntry[];
}

const [name] = process.argv.slice(2) as [string];
const own = JSON.parse(readFileSync(`${name}.json`, 'utf8')) as Own;
const store = await openStore(`sqlite:${name}.db`, (path) => path);
const orchestrator = await startOrchestrator(
  {
    ...{ store, version: 'test', deadLetters: `${name}.dead-letters`, file: `${name}.json` },
    peers: own.peers.map((peer) => ({ ...peer })),
    log: (line) => process.stderr.write(line),
  },
  { name: own.name, requestTimeoutMs: own.requestTimeoutMs },
);
orchestrator.failed.catch((error: unknown) => {
  console.error(error);
  process.exit(70);
});

const news = `${name}.news`;
let cursor = existsSync(news) ? readFileSync(news, 'utf8').split('\n').length - 1 : 0;
const seen: number[] = [];
let reading = Promise.resolve();
async function read(): Promise<void> {
  const after = seen.at(-1) ?? 0;
  for (const told of await orchestrator.news(after)) {
    seen.push(told.cursor);
    if (seen.length > cursor) {
      appendFileSync(news, `${JSON.stringify(told.body)}\n`);
      cursor = seen.length;
    }
  }
}
orchestrator.watch(() => (reading = reading.then(read)));
reading = reading.then(read);
createInterface({ input: process.stdin }).on('line', (line) => {
  void orchestrator.plan(JSON.parse(line) as never);
});
process.stdout.write('{"ready":true}\n');
