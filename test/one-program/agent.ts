/** An organisation's agent: bids and offers at random, and plans the leases that it has won. */
import type { ExchangeState } from '../../core/market/exchange/state.ts';
import type { Principal } from '../../core/kernel/service.ts';
import { EPOCH_MS } from './site-configuration.ts';
import type { VirtualTime } from './virtual-clock.ts';
import type { VirtualService } from './virtual-service.ts';

const LOOK_MS = 5_000;

interface Command {
  readonly kind: string;
  readonly [field: string]: unknown;
}

export class Agent {
  readonly #time: VirtualTime;
  readonly #random: () => number;
  readonly #from: Principal;
  readonly #market: VirtualService;
  readonly #orchestrator: VirtualService;
  readonly #levels = new Map<string, string>();
  #cursor = 0;
  #calls = 0;
  #isPledged = false;
  #isStopped = false;

  constructor(
    time: VirtualTime,
    random: () => number,
    name: string,
    market: VirtualService,
    orchestrator: VirtualService,
  ) {
    this.#time = time;
    this.#random = random;
    this.#from = { role: 'organisation', name };
    this.#market = market;
    this.#orchestrator = orchestrator;
    this.#after(LOOK_MS, () => this.#look());
    this.#after(1_000, () => this.#order());
  }

  /** Orders no more; what was won is still planned. */
  stop(): void {
    this.#isStopped = true;
  }

  #after(ms: number, work: () => Promise<void>): void {
    this.#time.wakeAt(this.#time.nowMs + Math.floor(ms), () => void work());
  }

  async #order(): Promise<void> {
    if (this.#isStopped) return;
    this.#after((0.2 + this.#random()) * EPOCH_MS, () => this.#order());
    const state = this.#market.runner?.state as ExchangeState | undefined;
    const round = state?.clocks[0]?.round;
    if (!round) return;
    const owner = this.#from.name;
    if (!this.#isPledged) {
      const nodeIds = [1, 2, 3].map((number) => `${owner.at(-1)}${number}`);
      await this.#call({ kind: 'PledgeNodes', nodeClass: 'standard', nodeIds });
      this.#isPledged = true;
    }
    const startSlot = this.#random() < 0.7 ? 0 : 1;
    const window = { startSlot, endSlot: startSlot + (this.#random() < 0.8 ? 1 : 2) };
    const number = (this.#calls += 1);
    const hasTpm = owner === 'org-a';
    const ask = {
      ...{ askId: `ask-${number}`, organisation: owner, nodeClass: 'standard', nodes: 1 },
      ...{ ...window, reserveMillicredits: 500 + Math.floor(this.#random() * 2_000) },
      recall: this.#random() < 0.5 ? { noticeMs: 60_000, penaltyPartsPerMillion: 100_000 } : null,
      securityLevel: hasTpm ? 'full' : 'none',
    };
    const level = hasTpm ? 'none' : this.#pick(['none', 'attested', 'full']);
    const worth = (window.endSlot - startSlot) * (2_000 + Math.floor(this.#random() * 9_000));
    const option = {
      ...{ nodeClass: 'standard', nodes: 1, minimumNodes: 1, ...window },
      valueMillicredits: worth,
    };
    const bid = {
      ...{ bidId: `bid-${number}`, organisation: owner, options: [option] },
      ...{ securityLevel: level, acceptsRecall: this.#random() < 0.8 },
    };
    const orders = { bids: this.#random() < 0.7 ? [bid] : [], asks: [ask] };
    await this.#call({ kind: 'PostOrders', roundId: round.roundId, ...orders });
  }

  /** As a client does that has had no answer: the same again. */
  async #call(command: Command): Promise<void> {
    const key = `${this.#from.name}-${(this.#calls += 1)}`;
    for (let attempt = 0; attempt < 3; attempt++) {
      if (await this.#market.call(this.#from, key, command)) return;
      await new Promise<void>((resolve) => this.#time.wakeAt(this.#time.nowMs + 700, resolve));
    }
  }

  async #look(): Promise<void> {
    this.#after(LOOK_MS, () => this.#look());
    const { runner } = this.#orchestrator;
    if (!runner || !this.#orchestrator.isAlive || !this.#market.isAlive) return;
    const query = { after: this.#cursor, limit: 100, to: this.#from };
    for (const { cursor, body } of await this.#market.store.messages('market', query)) {
      this.#cursor = cursor;
      const told = body as Told;
      if (told.kind === 'ContractFormed' && told.contract.side === 'bought') {
        this.#levels.set(told.contract.contractId, told.contract.securityLevel);
      }
      const securityLevel = this.#levels.get(told.contractId);
      if (told.kind !== 'LeaseArranged' || securityLevel === undefined) continue;
      const { leaseId, attester, endMs } = told;
      runner.take({
        ...{ kind: 'EnclavePlan', leaseId, securityLevel, method: 'diskless', imageId: 'image' },
        ...{ policyId: `policy-${securityLevel}`, attester, provisioner: 'provisioner', endMs },
      } as never);
    }
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)]!;
  }
}

/** The parts of what the market tells that matter here. */
interface Told {
  readonly kind: string;
  readonly contractId: string;
  readonly contract: {
    readonly contractId: string;
    readonly side: string;
    readonly securityLevel: string;
  };
  readonly leaseId: string;
  readonly attester: string | null;
  readonly endMs: number;
}
