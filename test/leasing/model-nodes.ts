/**
 * The nodes of the small world: boots that may be bad, TPMs whose quotes may be replayed, borrowed
 * from another node or not signed, key shares, and tenants' systems. It knows the truth about
 * every boot, and holds what is delivered to a node against it (T1).
 */
import type { AttesterEffect, Quote } from '../../core/attester/protocol.ts';
import type { AttesterState } from '../../core/attester/state.ts';
import type { BootNode } from '../../core/provisioner/protocol.ts';
import { BAD_PCR, DeviceError, GOOD_PCR } from './small-world.ts';
import type { SmallWorld } from './small-world.ts';

interface ModelNode {
  boot: number;
  resetCount: number;
  fencingToken: number;
  on: boolean;
  measured: boolean;
  /** What runs is not what it should be. */
  bad: boolean;
  /** When the present boot last gave an honest good quote; null: never. */
  goodQuoteMs: number | null;
  runs: string | null;
  readonly quotes: Quote[];
  keyedSequence: number;
  keyed: boolean;
}

type NodeDeviceEffect =
  | Extract<
      AttesterEffect,
      { kind: 'MakeNonce' | 'RequestQuote' | 'ReleaseKeyShare' | 'RevokeKeys' }
    >
  | BootNode;

export class ModelNodes {
  readonly nodes = new Map<string, ModelNode>();
  readonly #world: SmallWorld;

  constructor(world: SmallWorld) {
    this.#world = world;
    for (let i = 0; i < world.options.nodeCount; i++) {
      this.nodes.set(`n${i}`, {
        boot: 0,
        resetCount: 0,
        fencingToken: 0,
        on: false,
        measured: false,
        bad: false,
        goodQuoteMs: null,
        runs: null,
        quotes: [],
        keyedSequence: -1,
        keyed: false,
      });
    }
  }

  get(nodeId: string): ModelNode {
    return this.nodes.get(nodeId)!;
  }

  isCurrent(nodeId: string, fencingToken: number): boolean {
    return this.get(nodeId).fencingToken === fencingToken;
  }

  powerOn(nodeId: string, measured: boolean): number {
    const node = this.get(nodeId);
    node.boot += 1;
    node.resetCount += 1;
    node.on = true;
    node.measured = measured;
    node.bad = measured && this.#world.chance(this.#world.faults().badBoot);
    node.goodQuoteMs = null;
    node.runs = null;
    return node.boot;
  }

  powerOff(nodeId: string): void {
    const node = this.get(nodeId);
    node.on = false;
    node.runs = null;
    node.goodQuoteMs = null;
  }

  /** T1, at the moment that something is delivered to the node. */
  check(nodeId: string, what: string): void {
    const node = this.get(nodeId);
    if (!node.measured || node.goodQuoteMs !== null) return;
    this.#world.violations.push(`T1: ${nodeId} was given ${what} without a good quote`);
  }

  carryOut(name: string, effect: NodeDeviceEffect): void {
    const world = this.#world;
    switch (effect.kind) {
      case 'MakeNonce':
        world.carryOut(name, effect.effectId, 0, () => this.#randomHex());
        return;
      case 'RequestQuote':
        world.carryOut(name, effect.effectId, 2_000, () => this.#quote(effect));
        return;
      case 'ReleaseKeyShare':
        this.#checkRelease(effect);
        world.carryOut(name, effect.effectId, 100, () => this.#key(effect, true));
        return;
      case 'RevokeKeys':
        world.carryOut(name, effect.effectId, 100, () => this.#key(effect, false));
        return;
      case 'BootNode':
        world.carryOut(name, effect.effectId, 6_000, () => this.#boot(effect));
        // A boot that goes wrong may have run anything: what was measured is void.
        this.get(effect.nodeId).bad ||= this.#world.chance(this.#world.faults().badBoot);
        return;
    }
  }

  #randomHex(): string {
    let text = '';
    for (let i = 0; i < 32; i++) text += this.#world.random.integer(16).toString(16);
    return text;
  }

  #quote(effect: { readonly nodeId: string; readonly nonce: string }): unknown {
    const node = this.get(effect.nodeId);
    if (!node.on) return new DeviceError('DEVICE_NO_ANSWER');
    const honest: Quote = {
      nonce: effect.nonce,
      endorsementKeyHash: `ek-${effect.nodeId}`,
      signatureValid: true,
      resetCount: node.resetCount,
      bootCount: node.boot,
      pcrs: { '0': node.bad ? BAD_PCR : GOOD_PCR },
      replayedPcrs: { '0': node.bad ? BAD_PCR : GOOD_PCR },
      runtimeDigests: node.runs === null ? [] : ['good-file'],
    };
    if (!node.bad) {
      node.quotes.push(honest);
      node.goodQuoteMs = this.#world.nowMs;
      return honest;
    }
    const old = node.quotes[0];
    const lies: Quote[] = [
      honest,
      { ...honest, replayedPcrs: { '0': GOOD_PCR } },
      {
        ...honest,
        pcrs: { '0': GOOD_PCR },
        replayedPcrs: { '0': GOOD_PCR },
        signatureValid: false,
      },
      {
        ...honest,
        endorsementKeyHash: 'ek-of-another',
        pcrs: { '0': GOOD_PCR },
        replayedPcrs: { '0': GOOD_PCR },
      },
    ];
    if (old) lies.push(old, { ...old, bootCount: node.boot, resetCount: node.resetCount });
    return lies[this.#world.random.integer(lies.length)];
  }

  #checkRelease(effect: { readonly nodeId: string; readonly leaseId: string }): void {
    const attester = this.#world.hosted.get('attester')!.state as AttesterState;
    for (const watch of attester.watches.values()) {
      if (watch.leaseId !== effect.leaseId || watch.nodeId !== effect.nodeId) continue;
      // The share is sealed to the boot that was quoted; nothing else can open it.
      const { boot, on } = this.get(effect.nodeId);
      if (on && watch.bootCount === boot) this.check(effect.nodeId, 'a key');
    }
  }

  #key(effect: { readonly nodeId: string; readonly sequence: number }, keyed: boolean): undefined {
    const node = this.get(effect.nodeId);
    if (effect.sequence < node.keyedSequence) return undefined;
    node.keyedSequence = effect.sequence;
    node.keyed = keyed;
    return undefined;
  }

  #boot(effect: BootNode): unknown {
    const node = this.get(effect.nodeId);
    if (!node.on || !this.isCurrent(effect.nodeId, effect.fencingToken)) {
      return new DeviceError('DEVICE_FENCED');
    }
    const disk = this.#world.store.openTo(effect.nodeId);
    if (effect.method === 'diskless' && !disk) return new DeviceError('DEVICE_NO_DISK');
    this.check(effect.nodeId, `the kernel of ${effect.leaseId}`);
    if (node.bad && node.runs === null && node.measured) {
      node.goodQuoteMs = null;
      return new DeviceError('DEVICE_BOOT_FAILED');
    }
    node.runs = effect.leaseId;
    return undefined;
  }
}
