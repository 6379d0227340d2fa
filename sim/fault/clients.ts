/**
 * Who uses the site of a fault simulation: a market that leases, owners that recall, tenants that
 * return early or sublet; and tenants that are hostile, which send whatever they can think of and
 * never give anything back.
 */
import type { LeaseTerms } from '../../core/allocator/protocol.ts';
import type { RandomStream } from '../../core/kernel/random.ts';
import type { Principal, Reply, ServiceEvent } from '../../core/kernel/service.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { SECURITY_LEVELS } from '../../core/market/orders.ts';
import {
  ATTESTER,
  IMAGE,
  ISOLATION,
  MARKET,
  OPERATOR,
  organisation,
  orchestratorName,
  POLICY,
  PROVISIONER,
  TENANTS,
} from './site.ts';
import type { SiteNode } from './site.ts';
import type { FaultWorld } from './world.ts';

type Body = { readonly kind: string } & Record<string, unknown>;

export class Clients {
  readonly #world: FaultWorld;
  readonly #stream: RandomStream;
  readonly #nodes: readonly SiteNode[];
  readonly #asked = new Map<string, LeaseTerms>();
  readonly #granted: LeaseTerms[] = [];
  /** Every lease that was ever asked for. */
  readonly #leases: Map<string, LeaseTerms>;
  readonly #leasesEndMs: TimeMs;
  #commands = 0;

  /** @param leasesEndMs no lease lasts longer */
  constructor(
    world: FaultWorld,
    stream: RandomStream,
    nodes: readonly SiteNode[],
    leases: Map<string, LeaseTerms>,
    leasesEndMs: TimeMs,
  ) {
    this.#world = world;
    this.#stream = stream;
    this.#nodes = nodes;
    this.#leases = leases;
    this.#leasesEndMs = leasesEndMs;
    world.addReceiver(MARKET, (event) => {
      if (event.kind === 'ReplyReceived')
        this.#answered((event as never as { reply: Reply }).reply);
    });
  }

  /** Leases one after the other on every node, some of them of two nodes. */
  scheduleLeases(): void {
    for (const node of this.#nodes) {
      let freeMs = this.#stream.integer(30) * MINUTE_MS;
      for (;;) {
        const startMs = freeMs + this.#stream.integer(20) * MINUTE_MS;
        const lengthMs = (15 + this.#stream.integer(100)) * MINUTE_MS;
        const endMs = startMs + lengthMs;
        if (endMs > this.#leasesEndMs) break;
        // Sometimes into the one before: that must be refused.
        freeMs = endMs - (this.#stream.uniform() < 0.1 ? 20 * MINUTE_MS : 0);
        const terms = this.#drawTerms(node, startMs, endMs);
        const askMs = Math.max(0, startMs - this.#stream.integer(60) * MINUTE_MS);
        this.#world.at(askMs, () => this.#ask(terms));
      }
    }
  }

  /** Somebody reads the hardware back now and then; an operator takes nodes out and puts them back. */
  scheduleOperation(untilMs: TimeMs): void {
    for (const { nodeId } of this.#nodes) {
      const watch = () => {
        this.#reportObservation(nodeId);
        this.#again(untilMs, 20 * MINUTE_MS, watch);
      };
      this.#again(untilMs, 20 * MINUTE_MS, watch);
      const operate = () => {
        const isCautious = this.#stream.uniform() < 0.9;
        const state = (['maintenance', 'broken', 'offline'] as const)[this.#stream.integer(3)]!;
        const withdraw = { kind: 'NodeWithdraw', nodeId, state };
        this.command(OPERATOR, ISOLATION, isCautious ? { kind: 'NodeReturn', nodeId } : withdraw);
        this.#again(untilMs, 2 * HOUR_MS, operate);
      };
      this.#again(untilMs, 2 * HOUR_MS, operate);
    }
  }

  #again(untilMs: TimeMs, meanMs: number, action: () => void): void {
    const atMs = this.#world.nowMs + 1 + Math.round(this.#stream.exponential(meanMs));
    if (atMs < untilMs) this.#world.at(atMs, action);
  }

  #reportObservation(nodeId: string): void {
    const endpoint = this.#world.endpoints.get(ISOLATION)!;
    const observation = this.#world.observe(nodeId);
    const event = { kind: 'NodeObserved', nodeId, observedAtMs: this.#world.nowMs, observation };
    this.#world.send(() => this.#world.deliver(endpoint, { ...event, timeMs: 0 }), nodeId);
  }

  #drawTerms(node: SiteNode, startMs: TimeMs, endMs: TimeMs): LeaseTerms {
    const level = this.#stream.uniform() < 0.3 ? 0 : 1 + this.#stream.integer(2);
    const securityLevel = node.hasTpm ? SECURITY_LEVELS[level]! : 'none';
    const nodeIds = [node.nodeId];
    const sibling = this.#nodes.find((one) => one.owner === node.owner && one !== node)!;
    if (this.#stream.uniform() < 0.15 && (sibling.hasTpm || securityLevel === 'none')) {
      nodeIds.push(sibling.nodeId);
    }
    const terms: LeaseTerms = {
      leaseId: this.#newLeaseId(),
      contractId: null,
      owner: node.owner,
      lessee: TENANTS[this.#stream.integer(TENANTS.length)]!,
      nodeIds,
      startMs,
      endMs,
      securityLevel,
      attester: securityLevel === 'none' ? null : ATTESTER,
      recallNoticeMs: this.#stream.uniform() < 0.5 ? null : 5 * MINUTE_MS,
    };
    this.#leases.set(terms.leaseId, terms);
    return terms;
  }

  #newLeaseId(): string {
    return `lease-${this.#leases.size + 1}`;
  }

  #ask(terms: LeaseTerms): void {
    this.#asked.set(this.command(MARKET, ISOLATION, { kind: 'LeaseCreate', terms }), terms);
  }

  #answered(reply: Reply): void {
    const terms = this.#asked.get(reply.commandId);
    if (terms === undefined || reply.refusal !== null) return;
    this.#asked.delete(reply.commandId);
    this.#granted.push(terms);
    this.#tellOrchestrator(terms);
    this.#scheduleChange(terms);
  }

  #tellOrchestrator(terms: LeaseTerms): void {
    const endpoint = this.#world.endpoints.get(orchestratorName(terms.lessee));
    if (endpoint === undefined) return;
    const plan = {
      kind: 'EnclavePlan',
      timeMs: 0,
      leaseId: terms.leaseId,
      securityLevel: terms.securityLevel,
      method: this.#stream.uniform() < 0.15 ? 'diskful' : 'diskless',
      imageId: IMAGE,
      policyId: POLICY,
      attester: terms.attester,
      provisioner: PROVISIONER,
      endMs: terms.endMs,
    };
    this.#world.send(() => this.#world.deliver(endpoint, plan), null);
  }

  /** About half of the leases do not go as agreed. */
  #scheduleChange(terms: LeaseTerms): void {
    const { leaseId, startMs, endMs, owner, lessee } = terms;
    const atMs = startMs + Math.floor(this.#stream.uniform() * (endMs - startMs));
    const at = (from: Principal, body: Body, timeMs = atMs) =>
      this.#world.at(timeMs, () => this.command(from, ISOLATION, body));
    switch (this.#stream.integer(10)) {
      case 0:
        at(organisation(owner), { kind: 'LeaseRecall', leaseId });
        return;
      case 1:
        at(organisation(lessee), { kind: 'LeaseReturn', leaseId, nodeIds: null });
        return;
      case 2:
        at(MARKET, { kind: 'LeaseCancel', leaseId }, startMs - MINUTE_MS);
        return;
      case 3:
        at(organisation(owner), { kind: 'LeaseCancel', leaseId });
        return;
      case 4:
        at(MARKET, { kind: 'LeaseUpdate', leaseId, endMs: endMs + 5 * MINUTE_MS });
        return;
      case 5: {
        const sublease = this.#drawSublease(terms, atMs);
        at(organisation(lessee), { kind: 'LeaseSublet', parentLeaseId: leaseId, terms: sublease });
        return;
      }
    }
  }

  #drawSublease(terms: LeaseTerms, atMs: TimeMs): LeaseTerms {
    const leaseId = this.#newLeaseId();
    const lessee = TENANTS.find((name) => name !== terms.lessee)!;
    const endMs = Math.max(atMs + MINUTE_MS, terms.endMs - 10 * MINUTE_MS);
    const sublease = { ...terms, leaseId, owner: terms.lessee, lessee, startMs: atMs, endMs };
    this.#leases.set(leaseId, sublease);
    this.#world.at(atMs, () => this.#tellOrchestrator(sublease));
    return sublease;
  }

  /** Sends a command, as any that a client sends; its id. */
  command(from: Principal, service: string, body: Body): string {
    this.#commands += 1;
    const commandId = `client/${this.#commands}`;
    const endpoint = this.#world.endpoints.get(service);
    if (endpoint === undefined) return commandId;
    const event = { ...body, commandId, from, timeMs: 0 } as ServiceEvent;
    this.#world.send(() => this.#world.deliver(endpoint, event), null);
    return commandId;
  }

  /** From now on the tenant does what it likes, and its orchestrator is no more. */
  turnHostile(tenant: string, orchestrator: string, untilMs: TimeMs): void {
    this.#world.die(orchestrator, 'orchestrator-hostile');
    const strike = () => {
      if (this.#world.nowMs >= untilMs) return;
      this.#strike(organisation(tenant));
      this.#world.at(this.#world.nowMs + 1 + this.#stream.integer(4 * MINUTE_MS), strike);
    };
    strike();
  }

  /** One thing that a hostile tenant tries, about any lease and node that it has heard of. */
  #strike(from: Principal): void {
    const stream = this.#stream;
    const leaseId = `lease-${1 + stream.integer(this.#leases.size)}`;
    const own = this.#granted.filter((terms) => terms.lessee === from.name);
    const target = stream.uniform() < 0.8 ? own[own.length - 1 - stream.integer(3)] : undefined;
    const nodeIds = target?.nodeIds ?? [this.#nodes[stream.integer(this.#nodes.length)]!.nodeId];
    const about = { leaseId: target?.leaseId ?? leaseId, nodeId: nodeIds[0]! };
    const bootCount = stream.integer(12);
    const fencingToken = stream.integer(40);
    switch (stream.integer(10)) {
      case 0:
      case 1:
        this.command(from, ISOLATION, { kind: 'AirlockPowerOn', ...about });
        return;
      case 2:
      case 3:
        this.command(from, ISOLATION, { kind: 'EnclaveJoin', ...about });
        return;
      case 4:
        this.command(from, ISOLATION, { kind: 'NodeActive', ...about });
        return;
      case 5: {
        const verdict = { verdict: 'trusted', validUntilMs: this.#world.nowMs + HOUR_MS };
        // As itself, and in the attester's name with its own credential: both are refused.
        this.command(from, ISOLATION, {
          kind: 'AttestationReport',
          ...about,
          bootCount,
          ...verdict,
        });
        return;
      }
      case 6:
        this.command(from, ATTESTER, {
          kind: 'AttestNode',
          ...about,
          fencingToken,
          bootCount,
          policyId: POLICY,
        });
        return;
      case 7:
        this.command(from, PROVISIONER, {
          kind: 'ProvisionNode',
          ...about,
          fencingToken,
          imageId: IMAGE,
          method: 'diskless',
          securityLevel: 'none',
          fromAttestedFirmware: false,
        });
        return;
      case 8: {
        const endMs = this.#world.nowMs + 10 * HOUR_MS;
        this.command(from, ISOLATION, { kind: 'LeaseUpdate', leaseId: about.leaseId, endMs });
        return;
      }
      default:
        // Holding on to the BMC: power cycles whenever it likes.
        this.#world.cyclePower(about.nodeId, from.name);
    }
  }
}
