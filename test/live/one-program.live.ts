/**
 * The isolation service in a process of its own, under a random workload over HTTP, killed again and
 * again: what it left behind is replayed, and run once more in the simulator.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import seedrandom from 'seedrandom';
import { smallSite } from '../allocator/site.ts';
import { runCli, temporaryFolder } from '../cli/run.ts';
import { configuration, Service, TOKENS } from '../cli/served-process.ts';
import type { Who } from '../cli/served-process.ts';

const LIVES = 4;
const LIFE_MS = 2_500;
const CLIENTS = 6;
const NODES = ['a1', 'a2', 'b1', 'b2'];
const HOUR_MS = 3_600_000;
const LOG = 'effects/isolation.effects.jsonl';

interface Held {
  readonly leaseId: string;
  readonly nodeId: string;
}

class Workload {
  readonly #random = seedrandom.alea('one-program');
  readonly #held: Held[] = [];
  #count = 0;
  answered = 0;

  /** Clients with one call under way each, until the time is over or nobody answers. */
  async run(url: string, endMs: number): Promise<void> {
    const client = async () => {
      while (performance.now() < endMs) if (!(await this.#call(url))) return;
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
  }

  async #call(url: string): Promise<boolean> {
    this.#count += 1;
    const [who, path, body] = this.#next();
    const headers = {
      authorization: `Bearer ${TOKENS[who].token}`,
      'idempotency-key': `call-${this.#count}`,
      'content-type': 'application/json',
    };
    const sent = { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await fetch(`${url}/v1${path}`, sent).catch(() => null);
    if (!response) return false;
    await response.arrayBuffer().catch(() => null);
    this.answered += 1;
    return true;
  }

  #next(): [Who, string, object] {
    const nodeId = NODES[Math.floor(this.#random() * NODES.length)]!;
    const held = this.#held.find((lease) => lease.nodeId === nodeId);
    if (!held || this.#random() < 0.1) return this.#lease(nodeId);
    const { leaseId } = held;
    const chance = this.#random();
    if (chance < 0.3) return ['t', `/leases/${leaseId}/nodes/${nodeId}/join`, {}];
    if (chance < 0.6) return ['t', `/leases/${leaseId}/nodes/${nodeId}/power-on`, {}];
    if (chance < 0.8) return ['t', `/leases/${leaseId}/nodes/${nodeId}/active`, {}];
    if (chance < 0.9) return ['admin', `/nodes/${nodeId}/return`, {}];
    this.#held.splice(this.#held.indexOf(held), 1);
    return ['t', `/leases/${leaseId}/return`, { nodeIds: null }];
  }

  #lease(nodeId: string): [Who, string, object] {
    const leaseId = `lease-${this.#count}`;
    this.#held.push({ leaseId, nodeId });
    const startMs = Date.now() + Math.floor(this.#random() * 100);
    const terms = {
      ...{ leaseId, contractId: null, owner: `org-${nodeId[0]}`, lessee: 'org-t' },
      ...{ nodeIds: [nodeId], startMs, endMs: startMs + (this.#random() < 0.5 ? 900 : HOUR_MS) },
      ...{ securityLevel: 'none', attester: null, recallNoticeMs: null },
    };
    return ['admin', '/leases', terms];
  }
}

test('live under load and kill -9, and simulated: 0 differences', async (t) => {
  const folder = temporaryFolder(t);
  const site = smallSite({ retryBaseMs: 50, retryMaximumMs: 400 });
  const devices = { driver: 'emulated', readBackSeconds: 1 };
  const settings = configuration({ site, devices, effectLogs: 'effects' });
  writeFileSync(join(folder, 'serve.json'), settings);
  const workload = new Workload();
  for (let life = 1; life <= LIVES; life++) {
    const service = await Service.start(t, folder);
    const running = workload.run(service.url, performance.now() + LIFE_MS);
    if (life < LIVES) {
      await new Promise((resolve) => setTimeout(resolve, LIFE_MS * 0.8));
      await service.end('SIGKILL');
    }
    await running;
    if (life === LIVES) t.is(await service.end('SIGTERM'), 0);
  }
  const audit = (...line: string[]) =>
    runCli(['journal', ...line, '--json'], { workingDirectory: folder });
  t.like(JSON.parse((await audit('replay', 'sqlite:store.db')).stdout), { ok: true });
  const line = ['resimulate', 'sqlite:store.db', '--effects', LOG];
  const result = await audit(...line);
  const said = JSON.parse(result.stdout) as {
    readonly counts: Record<string, number>;
    readonly findings: unknown;
  };
  t.log(`${workload.answered} calls answered: ${JSON.stringify(said.counts)}`);
  t.deepEqual(said.findings, []);
  t.is(result.exitCode, 0, result.stderr);
  t.is(said.counts['restarts'], LIVES - 1);
  t.true(said.counts['witnessed']! > 100, 'the load is a load');

  const first = readFileSync(join(folder, LOG), 'utf8')
    .split('\n')
    .find((text) => text.includes('"PowerOff"'));
  appendFileSync(join(folder, LOG), `${first}\n`);
  const planted = await audit(...line);
  t.is(planted.exitCode, 1);
  t.regex(planted.stderr, /^JOURNAL_RESIMULATION_DIFFERS: /);
});
