/**
 * Clients that lease nodes, use them and give them back, each with one request under way. They
 * remember what they were told, and send again what they were not.
 */
import seedrandom from 'seedrandom';
import type { Request } from '../../../backends/runner/runner.ts';
import type { Lease } from '../../../core/allocator/state.ts';
import type { Principal, Reply } from '../../../core/kernel/service.ts';
import { DAY_MS } from '../../../core/kernel/units.ts';

type Answer = Pick<Reply, 'refusal' | 'result'>;

interface Held {
  readonly leaseId: string;
  readonly lessee: string;
}

const CLIENTS = 8;
const LESSEES = ['org-t', 'org-u'] as const;
const NODES = ['a', 'b'].flatMap((owner) => [1, 2, 3, 4].map((number) => `${owner}${number}`));

export class Clients {
  readonly acknowledged = new Map<string, unknown>();
  readonly violations: string[] = [];
  /** Ids up to this one are the lessees' own networks. */
  readonly lastEnclaveId = 1 + LESSEES.length;
  /** Node → lease that a client was told it has. */
  readonly #held = new Map<string, Held>();
  readonly #open = new Map<string, Request>();
  readonly #send: (request: Request) => void;
  readonly #random: () => number;
  #count = 0;
  #taken = 0;
  #isFinishing = false;
  #prepared: (() => void) | null = null;

  constructor(seed: string, send: (request: Request) => void) {
    this.#random = seedrandom.alea(`${seed}/clients`);
    this.#send = send;
  }

  get open(): number {
    return this.#open.size;
  }

  /** Every lessee has a network of its own before the first node is handed over. */
  async prepare(): Promise<void> {
    for (const lessee of LESSEES) {
      await new Promise<void>((resolve) => {
        this.#prepared = resolve;
        this.#lease('a1', lessee, Date.now() + DAY_MS, 'prepare');
      });
      await new Promise<void>((resolve) => {
        this.#prepared = resolve;
        this.#held.clear();
        this.#ask(owner('a1'), { kind: 'LeaseCancel', leaseId: `prepare-${lessee}` });
      });
    }
    this.#prepared = null;
  }

  start(): void {
    while (this.#open.size < CLIENTS) this.#next();
  }

  /** As a client does that has had no answer. */
  sendAgain(): void {
    for (const request of this.#open.values()) this.#send(request);
  }

  /** From here on nodes are given back, and no more asked for. */
  finish(): void {
    this.#isFinishing = true;
    for (const [nodeId, held] of this.#held) this.#giveBack(nodeId, held);
  }

  /** Whatever leases there are, of whoever was told of them. */
  giveBackAll(leases: Iterable<Lease>): void {
    for (const { terms, state } of leases) {
      const lessee = organisation(terms.lessee);
      const { leaseId } = terms;
      if (state === 'running') this.#ask(lessee, { kind: 'LeaseReturn', leaseId, nodeIds: null });
    }
  }

  unanswered(): string[] {
    return [...this.#open.keys()];
  }

  takeCount(): number {
    const taken = this.#taken;
    this.#taken = 0;
    return taken;
  }

  take(commandId: string, reply: unknown): void {
    const request = this.#open.get(commandId);
    if (!request) return;
    this.#open.delete(commandId);
    this.acknowledged.set(commandId, reply);
    this.#taken += 1;
    const { refusal } = reply as Answer;
    if (!refusal) this.#learn(request);
    if (this.#prepared) this.#prepared();
    else if (!this.#isFinishing) this.#next();
  }

  #learn({ command }: Request): void {
    if (command.kind !== 'LeaseCreate') return;
    const { leaseId, lessee, nodeIds } = (
      command as unknown as { terms: { leaseId: string; lessee: string; nodeIds: string[] } }
    ).terms;
    const nodeId = nodeIds[0]!;
    const other = this.#held.get(nodeId);
    if (other) this.violations.push(`${nodeId} has two holders: ${other.leaseId} and ${leaseId}`);
    this.#held.set(nodeId, { leaseId, lessee });
  }

  #next(): void {
    const nodeId = NODES[Math.floor(this.#random() * NODES.length)]!;
    const held = this.#held.get(nodeId);
    const what = this.#random();
    if (!held || what < 0.1) {
      this.#lease(nodeId, LESSEES[Math.floor(this.#random() * LESSEES.length)]!, Date.now());
      return;
    }
    const { leaseId, lessee } = held;
    if (what > 0.6) this.#giveBack(nodeId, held);
    else {
      const kind = what > 0.35 ? 'EnclaveJoin' : 'AirlockPowerOn';
      this.#ask(organisation(lessee), { kind, leaseId, nodeId });
    }
  }

  /** From the moment that it is asked for, somebody else may get the node. */
  #giveBack(nodeId: string, { leaseId, lessee }: Held): void {
    this.#held.delete(nodeId);
    this.#ask(organisation(lessee), { kind: 'LeaseReturn', leaseId, nodeIds: null });
  }

  #lease(nodeId: string, lessee: string, startMs: number, name?: string): void {
    const leaseId = name ? `${name}-${lessee}` : `lease-${this.#count + 1}`;
    const terms = {
      ...{ leaseId, contractId: null, owner: owner(nodeId).name, lessee, nodeIds: [nodeId] },
      ...{ startMs, endMs: startMs + DAY_MS, securityLevel: 'none', attester: null },
      recallNoticeMs: null,
    };
    this.#ask(owner(nodeId), { kind: 'LeaseCreate', terms });
  }

  #ask(from: Principal, command: object): void {
    this.#count += 1;
    const commandId = `command-${this.#count}`;
    const request = { from, commandId, command } as Request;
    this.#open.set(commandId, request);
    this.#send(request);
  }
}

function owner(nodeId: string): Principal {
  return organisation(`org-${nodeId[0]}`);
}

function organisation(name: string): Principal {
  return { role: 'organisation', name };
}
