/**
 * A live run of all services in one process and in virtual time: an isolation service with emulated
 * hardware, an attester with stand-ins for TPMs, a provisioner, an exchange, and the orchestrators of
 * two organisations that trade and use each other's nodes, while processes are killed.
 */
import seedrandom from 'seedrandom';
import { EmulatedDevices } from '../../backends/devices/emulated.ts';
import { DeviceLanes } from '../../backends/devices/lanes.ts';
import { loggedDevices } from '../../backends/devices/logged.ts';
import { attestationFacade } from '../../backends/http/attestation-routes.ts';
import { isolationFacade } from '../../backends/http/isolation-routes.ts';
import { marketFacade } from '../../backends/http/market-routes.ts';
import { provisioningFacade } from '../../backends/http/provisioning-routes.ts';
import { liveAttestation } from '../../backends/runner/attestation.ts';
import { liveIsolation, wiredPorts } from '../../backends/runner/isolation.ts';
import { liveMarket } from '../../backends/runner/market.ts';
import { liveOrchestrator } from '../../backends/runner/orchestrator.ts';
import { liveProvisioning } from '../../backends/runner/provisioning.ts';
import type { IsolationDeviceEffect } from '../../core/allocator/protocol.ts';
import type { IsolationState } from '../../core/allocator/state.ts';
import type { AnsweredEffect, EffectLogLine } from '../../core/kernel/effect-log.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import type { JournalRecord } from '../../core/kernel/journal.ts';
import type { Outcome, Principal } from '../../core/kernel/service.ts';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import type { Kept } from '../../sim/resimulation/kept.ts';
import { Agent } from './agent.ts';
import * as site from './site-configuration.ts';
import { StandInWorld } from './stand-in-world.ts';
import { rest, VirtualTime } from './virtual-clock.ts';
import { VirtualService } from './virtual-service.ts';
import type { AnyLive, Life, LinkPlant, VirtualServiceOptions } from './virtual-service.ts';

export interface SiteRunOptions {
  readonly seed: string;
  readonly minutes: number;
  /** Processes are killed so many times. */
  readonly kills: number;
  /** The attester's façade turns away whoever asks: a fault. */
  readonly turnsAway?: boolean;
  /** Service → what is wrong with its links. */
  readonly plants?: Readonly<Record<string, LinkPlant>>;
}

/** What each service has left behind. */
export interface Remains {
  readonly instance: string;
  readonly records: readonly JournalRecord[];
  readonly kept: Kept;
  readonly log: readonly EffectLogLine[];
}

const START_MS = 1_700_000_000_000;
const LONGEST_DOWN_MS = 90_000;
const ORGANISATIONS = ['org-a', 'org-b'];

export async function siteRun(options: SiteRunOptions): Promise<Remains[]> {
  return new SiteRun(options).run();
}

class SiteRun {
  readonly #options: SiteRunOptions;
  readonly #random: () => number;
  readonly #time = new VirtualTime(START_MS);
  readonly #world: StandInWorld;
  readonly #services = new Map<string, VirtualService>();
  readonly #agents: Agent[] = [];

  constructor(options: SiteRunOptions) {
    this.#options = options;
    this.#random = seedrandom.alea(options.seed);
    this.#world = new StandInWorld(this.#time, this.#random);
  }

  async run(): Promise<Remains[]> {
    this.#addAll();
    for (const service of this.#services.values()) await service.start();
    const { minutes, kills } = this.#options;
    const pieces = kills + 1;
    for (let piece = 0; piece < pieces; piece++) {
      const share = 0.5 + this.#random();
      await this.#pass((minutes * MINUTE_MS * share) / pieces);
      if (piece < kills) await this.#killOne();
    }
    await this.#pass(LONGEST_DOWN_MS + MINUTE_MS);
    for (const agent of this.#agents) agent.stop();
    await this.#pass(20 * MINUTE_MS);
    const remains: Remains[] = [];
    for (const [instance, service] of this.#services) {
      remains.push({ instance, ...(await service.end()), log: service.log });
    }
    return remains;
  }

  #pass(durationMs: number): Promise<void> {
    return this.#time.runUntil(this.#time.nowMs + Math.floor(durationMs), rest);
  }

  async #killOne(): Promise<void> {
    const alive = [...this.#services.values()].filter(({ isAlive }) => isAlive);
    const service = alive[Math.floor(this.#random() * alive.length)]!;
    if (this.#random() < 0.5) await rest();
    await service.kill();
    const downMs = Math.floor(this.#random() * LONGEST_DOWN_MS);
    this.#time.wakeAt(this.#time.nowMs + downMs, () => void service.start());
  }

  #addAll(): void {
    const isolation = this.#add({
      ...{ instance: 'isolation', live: liveIsolation as unknown as AnyLive },
      ...{ configuration: site.isolation(), facade: isolationFacade as never },
      ...{ principal: serviceCalled('isolation'), logsItself: true },
      ...this.#hardware(),
    });
    const attester = this.#add({
      ...{ instance: 'attestation', live: liveAttestation as unknown as AnyLive },
      ...{ configuration: site.attester(), facade: this.#lesseesOnly(isolation) as never },
      ...{ principal: serviceCalled('attester'), skewMs: 7 },
      world: (effect, state) => this.#world.attest(effect, state),
    });
    const provisioner = this.#add({
      ...{ instance: 'provisioning', live: liveProvisioning as unknown as AnyLive },
      ...{ configuration: site.provisioner(), facade: provisioningFacade as never },
      ...{ principal: serviceCalled('provisioner'), skewMs: -3 },
      world: (effect) => this.#world.provision(effect),
    });
    const market = this.#add({
      ...{ instance: 'market', live: liveMarket(() => '') as unknown as AnyLive },
      ...{ configuration: site.exchange(), facade: marketFacade(() => '') as never },
      ...{ principal: serviceCalled('market') },
      world: (effect) => this.#world.solve(effect),
      began: (runner) => runner.take({ kind: 'ExchangeOpened' }),
    });
    attester.link('isolation', isolation);
    market.link('isolation', isolation);
    for (const name of ORGANISATIONS) {
      const orchestrator = this.#add({
        ...{ instance: `orchestrator/${name}`, live: liveOrchestrator as unknown as AnyLive },
        ...{ configuration: site.orchestrator(name), facade: null, principal: party(name) },
        world: () => Promise.reject(new Error('it moves nothing itself')),
      });
      orchestrator.link('isolation', isolation);
      orchestrator.link('attester', attester);
      orchestrator.link('provisioner', provisioner);
      this.#agents.push(new Agent(this.#time, this.#random, name, market, orchestrator));
    }
  }

  /** As the live attester's façade: who asks must be the lessee. */
  #lesseesOnly(isolation: VirtualService) {
    const isTrusting = this.#options.turnsAway !== true;
    const admit: NonNullable<typeof attestationFacade.admit> = async (
      { command },
      from,
      fields,
    ) => {
      if (command !== 'AttestNode') return;
      const { leaseId, nodeId } = fields as Record<string, string>;
      if (!isolation.runner) throw new OcxError({ code: 'RESOURCE_PEER', message: 'not there' });
      const { leases } = isolation.runner.state as IsolationState;
      const terms = leases.get(leaseId!)?.terms;
      if (!terms) throw new OcxError({ code: 'RESOURCE_PEER', message: 'nobody says whose it is' });
      if (isTrusting && terms.lessee === from.name) return;
      const message = `node ${nodeId} under lease ${leaseId} is not yours to have attested here`;
      throw new OcxError({ code: 'DENIED_LEASE', message });
    };
    return { ...attestationFacade, admit };
  }

  #add(options: VirtualServiceOptions): VirtualService {
    const plant = this.#options.plants?.[options.instance];
    const service = new VirtualService(this.#time, this.#random, options, plant);
    this.#services.set(options.instance, service);
    return service;
  }

  /** Lanes and their log belong to the process; the hardware does not. */
  #hardware(): Pick<VirtualServiceOptions, 'world'> {
    const hardware = new EmulatedDevices();
    const lanes = new WeakMap<Life, DeviceLanes>();
    const lanesOf = (life: Life) => {
      const found = lanes.get(life);
      if (found) return found;
      const service = this.#services.get('isolation')!;
      const nowMs = () => service.nowMs;
      const log = { write: (line: EffectLogLine) => void (life.isAlive && service.log.push(line)) };
      const slow = {
        carryOut: (effect: IsolationDeviceEffect, ports: Parameters<EmulatedDevices['obey']>[1]) =>
          this.#world.obey(hardware, effect, ports, life),
      };
      const made = new DeviceLanes(loggedDevices(slow, log, nowMs), nowMs);
      lanes.set(life, made);
      return made;
    };
    return {
      world: (effect: AnsweredEffect, state, life, confirm): Promise<Outcome<unknown>> => {
        const device = effect as IsolationDeviceEffect;
        const ports = wiredPorts(state as IsolationState, device.nodeId);
        return lanesOf(life).carryOut(device, ports, confirm);
      },
    };
  }
}

export function serviceCalled(name: string): Principal {
  return { role: 'service', name };
}

export function party(name: string): Principal {
  return { role: 'organisation', name };
}
