/** What safeguards and the clearing house did on one exchange, counted from the market's effects. */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { Spare } from '../../core/agents/view.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { MarketEffect } from '../../core/market/protocol.ts';
import type { Scenario } from '../scenario/schema.ts';

export class SafetyTally {
  /** Safeguard → how often it acted. */
  readonly safeguards = new Map<string, number>();
  haltedRounds = 0;
  readonly waterfall = {
    uses: 0,
    lossMillicredits: 0,
    mutualMillicredits: 0,
    haircutMillicredits: 0,
    suspensions: 0,
  };

  note(effect: MarketEffect): void {
    if (effect.kind === 'SafeguardTriggered') {
      const { safeguard } = effect;
      this.safeguards.set(safeguard, (this.safeguards.get(safeguard) ?? 0) + 1);
    } else if (effect.kind === 'WaterfallUsed') {
      this.waterfall.uses += 1;
      this.waterfall.lossMillicredits += effect.lossMillicredits;
      this.waterfall.mutualMillicredits += effect.mutualMillicredits;
      this.waterfall.haircutMillicredits += effect.haircutMillicredits;
    } else if (effect.kind === 'MemberStanding' && effect.suspended) {
      this.waterfall.suspensions += 1;
    }
  }

  carry(carrier: Carrier): void {
    carrier.fill('safeguards', this.safeguards);
    this.haltedRounds = carrier.value('haltedRounds', this.haltedRounds);
    Object.assign(this.waterfall, carrier.value('waterfall', this.waterfall));
  }
}

/** Whether any safeguard asks what stands idle. */
export function goesByIdleness({ market }: Scenario): boolean {
  const { idleFeeShare, pivotalMarkupShare } = market.safeguards;
  return idleFeeShare > 0 || pivotalMarkupShare > 0;
}

/** What the owner's isolation service would attest: nodes of each class that nothing runs on. */
export function idleByClass(free: readonly Spare[], nowMs: TimeMs): Map<string, number> {
  const idle = new Map<string, number>();
  for (const { nodeClass, nodes, fromMs } of free) {
    if (fromMs <= nowMs) idle.set(nodeClass, (idle.get(nodeClass) ?? 0) + nodes);
  }
  return idle;
}
