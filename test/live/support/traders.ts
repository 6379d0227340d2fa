/** Two organisations that bid at random over the market's API and plan what they win; and their nodes. */
import seedrandom from 'seedrandom';
import { profileEvents } from '../../backends/tpm/made-log.ts';
import { MadeTpm } from '../../backends/tpm/made-tpm.ts';
import { referencesOf } from '../../backends/http/served-attester.ts';
import { ORGANISATIONS, type TradingProcesses } from './trading-processes.ts';

const NODES_WITH_TPM = ['a1', 'a2'];
const AGENT_MS = 150;
const PAUSE_MS = 700;

interface Contract {
  readonly side: string;
  readonly securityLevel: string;
  readonly endMs: number;
  readonly delivery: { readonly leaseId: string; readonly state: string } | null;
}

export class Traders {
  readonly #site: TradingProcesses;
  readonly #random: () => number;
  readonly #loops: Promise<void>[] = [];
  #isOver = false;
  #orders = 0;
  planned = 0;

  constructor(site: TradingProcesses, seed: string) {
    this.#site = site;
    this.#random = seedrandom.alea(seed);
  }

  /** Images, TPMs and policies are there before anybody trades. */
  async prepare(): Promise<void> {
    const site = this.#site;
    const image = { imageId: 'image', source: 'golden', shared: true };
    await site.call('provisioning', 'admin', 'POST /images', image);
    const snapshot = { snapshotId: 'golden' };
    await site.call('provisioning', 'admin', 'POST /images/image/snapshots', snapshot);
    const protection = 'PUT /images/image/snapshots/golden/protection';
    await site.call('provisioning', 'admin', protection);
    for (const nodeId of NODES_WITH_TPM) {
      const tpm = new MadeTpm(site.authority);
      tpm.boot(profileEvents());
      const { node, policy } = referencesOf(tpm, nodeId, false);
      await site.call('attestation', 'admin', 'POST /nodes', node as object);
      await site.call('attestation', 'org-b', 'POST /policies', policy as object);
      this.#loops.push(this.#loop(AGENT_MS, () => this.#agent(nodeId, tpm)));
    }
    for (const name of ORGANISATIONS) {
      const nodeIds = [1, 2].map((number) => `${name.at(-1)}${number}`);
      await site.call('market', name, 'PUT /pledges/standard', { nodeIds });
    }
  }

  trade(): void {
    ORGANISATIONS.forEach((name, number) => {
      this.#loops.push(this.#loop(PAUSE_MS, () => this.#order(name)));
      this.#loops.push(this.#loop(PAUSE_MS, () => this.#plan(name, number)));
    });
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }

  async #loop(everyMs: number, work: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      await work();
      await new Promise((resolve) => setTimeout(resolve, everyMs * (0.5 + this.#random())));
    }
  }

  /** As a node's agent does it in the airlock; now and then the node has booted something else. */
  async #agent(nodeId: string, tpm: MadeTpm): Promise<void> {
    tpm.boot(this.#random() < 0.2 ? profileEvents('aa:bb', 'kernel 6.6') : profileEvents());
    const path = `/nodes/${nodeId}`;
    const hello = await this.#site.call(
      'attestation',
      'airlock',
      `POST ${path}/hello`,
      tpm.hello(),
    );
    if (hello?.status !== 200) return;
    const { credential, nonce } = hello.body as unknown as { credential: string; nonce: string };
    const secret = tpm.activate(Buffer.from(credential, 'base64'));
    const answer = tpm.quote(nonce, secret ?? Buffer.alloc(32));
    await this.#site.call('attestation', 'airlock', `POST ${path}/answer`, answer);
  }

  async #order(name: 'org-a' | 'org-b'): Promise<void> {
    const shown = await this.#site.call('market', name, 'GET /rounds');
    const open = (shown?.body as { open?: { roundId: number }[] } | undefined)?.open?.[0];
    if (!open) return;
    this.#orders += 1;
    const hasTpm = name === 'org-a';
    const window = { startSlot: 0, endSlot: 1 + Math.floor(this.#random() * 2) };
    const ask = {
      ...{ askId: `ask-${this.#orders}`, organisation: name, nodeClass: 'standard', nodes: 1 },
      ...{ ...window, reserveMillicredits: 100 + Math.floor(this.#random() * 900), recall: null },
      securityLevel: hasTpm ? 'full' : 'none',
    };
    const option = {
      ...{ nodeClass: 'standard', nodes: 1, minimumNodes: 1, ...window },
      valueMillicredits: window.endSlot * (800 + Math.floor(this.#random() * 4_000)),
    };
    const bid = {
      ...{ bidId: `bid-${this.#orders}`, organisation: name, options: [option] },
      ...{ securityLevel: hasTpm || this.#random() < 0.4 ? 'none' : 'attested' },
      acceptsRecall: true,
    };
    const orders = { roundId: open.roundId, bids: [bid], asks: [ask] };
    await this.#site.call('market', name, 'POST /orders', orders);
  }

  /** A lease that is planned twice is planned once. */
  async #plan(name: 'org-a' | 'org-b', number: number): Promise<void> {
    const shown = await this.#site.call('market', name, `GET /organisations/${name}/contracts`);
    const { contracts = [] } = (shown?.body ?? {}) as { contracts?: readonly Contract[] };
    const orchestrator = this.#site.orchestrators[number]!;
    for (const contract of contracts) {
      const { side, delivery, securityLevel, endMs } = contract;
      if (side !== 'bought' || !delivery || delivery.state === 'waiting') continue;
      const { leaseId } = delivery;
      if (orchestrator.leaseIds().includes(leaseId)) continue;
      await orchestrator.plan({
        ...{ leaseId, securityLevel: securityLevel as 'none', method: 'diskless' },
        ...{ imageId: 'image', policyId: 'p', provisioner: 'provisioner', endMs },
        attester: securityLevel === 'none' ? null : 'attester',
      });
      this.planned += 1;
    }
  }
}
