/**
 * The holder's side: a government that keeps less idle than an emergency may take holds options for
 * the rest. What its options cover it may lend firm, which is worth more to borrowers than a lease
 * that can be recalled; an emergency then calls other nodes instead.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { Spare, Want } from '../../core/agents/view.ts';
import { HOUR_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { SecurityLevel } from '../../core/market/orders.ts';
import type { OptionContract } from '../../core/market/options/option.ts';
import { CALLED_SHARE } from './option-trader.ts';
import type { Call, OptionTrader } from './option-trader.ts';

/** Beginning of the id of a spare that is lent firm. */
export const FIRM = 'firm';

export interface GovernmentOptionsSetup {
  readonly organisation: string;
  readonly nodeClasses: readonly string[];
  readonly classCostPerHour: Readonly<Record<string, number>>;
  readonly securityLevel: SecurityLevel;
  /** Nodes that an emergency may take. */
  readonly emergencyNodes: number;
  readonly lendsFirm: boolean;
  /** Worth of a node-hour of an emergency, credits. */
  readonly nodeHour: number;
  /** Own nodes that can prove the security level, lent ones among them. */
  readonly capableNodes: () => number;
  /** What running emergencies lack, beyond what is on its way. */
  readonly missing: (nowMs: TimeMs) => Call;
}

export class GovernmentOptions implements OptionTrader {
  readonly #setup: GovernmentOptionsSetup;
  readonly #held = new Map<string, OptionContract>();
  #firm: { readonly nodes: number; readonly untilMs: TimeMs }[] = [];

  constructor(setup: GovernmentOptionsSetup) {
    this.#setup = setup;
  }

  optionWants(nowMs: TimeMs, untilMs: TimeMs): readonly Want[] {
    const { emergencyNodes, capableNodes, lendsFirm, nodeHour, classCostPerHour } = this.#setup;
    const held = this.#heldUntil(untilMs);
    const short = Math.max(0, emergencyNodes - capableNodes());
    const lendable = lendsFirm ? Math.min(capableNodes(), emergencyNodes) : 0;
    // What it lacks is worth what an emergency would lose; the rest what an idle node costs.
    const idleCost = Math.max(0, ...Object.values(classCostPerHour));
    const missing = Math.max(0, short - held);
    const covered = Math.max(0, short + lendable - Math.max(held, short));
    return [
      ...this.#want('short', missing, CALLED_SHARE * nodeHour, nowMs, untilMs),
      ...this.#want('reserve', covered, idleCost, nowMs, untilMs),
    ];
  }

  #want(what: string, nodes: number, credits: number, nowMs: TimeMs, untilMs: TimeMs): Want[] {
    if (nodes <= 0) return [];
    const durationMs = untilMs - nowMs;
    const { nodeClasses, securityLevel } = this.#setup;
    return [
      {
        wantId: `${what}@${nowMs}`,
        nodes,
        minimumNodes: 1,
        nodeClasses,
        durationMs,
        earliestStartMs: nowMs,
        latestEndMs: untilMs,
        valueMillicredits: Math.round(((nodes * durationMs) / HOUR_MS) * credits * 1000),
        certainty: 1,
        securityLevel,
        acceptsRecall: false,
      },
    ];
  }

  optionSpares(): readonly Spare[] {
    return [];
  }

  /** Nodes that may be lent firm now, and until when. */
  firm(nowMs: TimeMs): { readonly nodes: number; readonly untilMs: TimeMs } {
    if (!this.#setup.lendsFirm) return { nodes: 0, untilMs: nowMs };
    let untilMs = Infinity;
    for (const { endMs } of this.#held.values()) untilMs = Math.min(untilMs, endMs);
    const short = Math.max(0, this.#setup.emergencyNodes - this.#setup.capableNodes());
    const nodes = this.#heldUntil(untilMs) - short - this.lentFirm(nowMs);
    return { nodes: Math.max(0, nodes), untilMs };
  }

  /** Own nodes that are with others and cannot be taken back. */
  lentFirm(nowMs: TimeMs): number {
    this.#firm = this.#firm.filter(({ untilMs }) => untilMs > nowMs);
    return this.#firm.reduce((sum, { nodes }) => sum + nodes, 0);
  }

  lend(nodes: number, nowMs: TimeMs): void {
    const { untilMs } = this.firm(nowMs);
    this.#firm.push({ nodes, untilMs });
  }

  #heldUntil(untilMs: TimeMs): number {
    let nodes = 0;
    for (const option of this.#held.values()) if (option.endMs >= untilMs) nodes += option.nodes;
    return nodes;
  }

  hold(option: OptionContract): void {
    this.#held.set(option.optionId, option);
  }

  write(): void {}

  drop(optionId: string): void {
    this.#held.delete(optionId);
  }

  toCall(nowMs: TimeMs): Call {
    return this.#setup.missing(nowMs);
  }

  carry(carrier: Carrier): void {
    carrier.fill('held', this.#held);
    this.#firm = carrier.value('firm', this.#firm);
  }
}
