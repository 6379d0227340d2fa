/** State of one simulated node: what its BMC, its TPM, its switch ports and its memory hold. */
import type { Carrier } from '../../core/kernel/carried.ts';
import { Digest } from '../../core/kernel/digest.ts';
import type { BootDevice, ConfigurePort } from '../../core/allocator/protocol.ts';
import type { Quote } from '../../core/attester/protocol.ts';
import type { EffectTimes } from './effect-times.ts';
import type { NodeFirmware } from './provisioning-time.ts';

export type Attachments = ConfigurePort['attachments'];

export interface NodePortSpecification {
  readonly switchId: string;
  readonly portId: string;
}

export interface NodeSpecification {
  readonly nodeId: string;
  /** Name of a profile of the calibration. */
  readonly profile: string;
  readonly firmware: NodeFirmware;
  /** Hash of the TPM's endorsement key; null for a node without a TPM. */
  readonly endorsementKeyHash: string | null;
  readonly ports: readonly NodePortSpecification[];
  /** What the firmware measures into the TPM; default {@link goldenMeasurements}. */
  readonly measurements?: Readonly<Record<string, string>>;
}

export interface SimulatedPort {
  readonly switchId: string;
  readonly portId: string;
  attachments: Attachments;
  /** Largest fencing token that the switch has seen for this port. */
  fencingToken: number;
}

const NO_ATTACHMENTS: Attachments = Object.freeze([]);

export class SimulatedNode {
  readonly specification: NodeSpecification;
  readonly times: EffectTimes;
  readonly ports: readonly SimulatedPort[];

  power: 'on' | 'off' = 'off';
  poweredOnAtMs = 0;
  bootDevice: BootDevice = 'network';
  bmcGrantee: string | null = null;
  /** Largest fencing token that the BMC has seen. */
  bmcFencingToken = 0;
  /** Token under which the node was last handed to somebody; what boots it must not be older. */
  handoverFencingToken = 0;

  /** Number that the airlock gave to this boot; a boot that nobody asked for keeps it. */
  bootCount = 0;
  /** Starts that the TPM has counted, those of a wipe among them. */
  resetCount = 0;
  measurements: Readonly<Record<string, string>>;
  /** Start in which firmware, client and TPM were last brought up to a quote; 0: none. */
  quotedReset = 0;
  /** Lease whose second key share the node holds since its last boot. */
  keyShareLease: string | null = null;

  /** Lease whose system runs. */
  runningLease: string | null = null;
  /** Lease whose system left traces in memory or on disk since the last wipe. */
  residueLease: string | null = null;
  /** When the last wipe ended; −1 before the first. */
  wipedAtMs = -1;
  failed = false;

  /** Between power-on and the boot of the tenant's system. */
  isOnItsWay = false;
  /** Sampled pace of this boot's phases; 1 in deterministic mode. */
  pace = 1;

  constructor(specification: NodeSpecification, times: EffectTimes) {
    this.specification = specification;
    this.times = times;
    this.measurements = specification.measurements ?? goldenMeasurements(specification.firmware);
    this.ports = specification.ports.map((port) => ({
      switchId: port.switchId,
      portId: port.portId,
      attachments: NO_ATTACHMENTS,
      fencingToken: 0,
    }));
  }

  port(switchId: string, portId: string): SimulatedPort | undefined {
    for (const port of this.ports) {
      if (port.portId === portId && port.switchId === switchId) return port;
    }
    return undefined;
  }

  raiseFencingTokens(token: number): void {
    if (token > this.bmcFencingToken) this.bmcFencingToken = token;
    for (const port of this.ports) {
      if (token > port.fencingToken) port.fencingToken = token;
    }
  }

  /** Off to on: memory and TPM start anew. */
  boot(nowMs: number): void {
    this.power = 'on';
    this.poweredOnAtMs = nowMs;
    this.resetCount += 1;
    this.keyShareLease = null;
    this.runningLease = null;
  }

  shutDown(): void {
    this.power = 'off';
    this.keyShareLease = null;
    this.runningLease = null;
  }

  quote(nonce: string): Quote {
    return {
      nonce,
      endorsementKeyHash: this.specification.endorsementKeyHash ?? '',
      signatureValid: true,
      resetCount: this.resetCount,
      bootCount: this.bootCount,
      pcrs: this.measurements,
      replayedPcrs: this.measurements,
      runtimeDigests: [],
    };
  }

  carry(carrier: Carrier): void {
    const { specification: _, times: __, ports, ...state } = this;
    Object.assign(this, carrier.value('state', state));
    const held = carrier.value('ports', ports);
    for (const [at, port] of ports.entries()) Object.assign(port, held[at]);
  }
}

/**
 * PCR values of untampered firmware: PCR 0 the firmware, 2 option code, 4 the boot loader, 7 the
 * boot policy. What an attestation policy of a simulated world lists.
 */
export function goldenMeasurements(firmware: NodeFirmware): Readonly<Record<string, string>> {
  const measurements: Record<string, string> = {};
  for (const register of ['0', '2', '4', '7']) {
    measurements[register] = hexadecimal(`${firmware}/${register}`);
  }
  return Object.freeze(measurements);
}

/** 64 hex digits that depend on nothing but the name. */
function hexadecimal(name: string): string {
  let text = '';
  for (let lane = 0; lane < 4; lane++) {
    const digest = new Digest();
    digest.add(`${lane}/${name}`);
    text += digest.toString();
  }
  return text;
}
