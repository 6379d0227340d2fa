/** Verdicts, keys and enclaves against the quotes that TPMs really made. */
import type { AttestationReport } from '../../core/allocator/protocol.ts';
import type {
  Quote,
  ReleaseKeyShare,
  ReportVerdict,
  RequestQuote,
} from '../../core/attester/protocol.ts';
import type { EffectOutcome } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { HardwareOutcome } from '../hardware/effects.ts';
import type { SimulatedHardware } from '../hardware/hardware.ts';
import { goldenMeasurements } from '../hardware/node.ts';
import type { EndpointRecord } from './endpoint.ts';
import type { LeaseFacts, NodeFacts } from './facts.ts';

/** Within this, what the isolation service's own timers do is done. */
const CUT_OFF_GRACE_MS = 60_000;

export class AttestationChecks {
  readonly #hardware: SimulatedHardware;
  readonly #nodes: ReadonlyMap<string, NodeFacts>;
  readonly #report: (invariant: string, detail: string) => void;
  /** Quotes that arrived as the TPM signed them, of untampered firmware; by the request's id. */
  readonly #genuineArrivals = new Set<string>();
  /** Trusted reports that were sent; they may be sent again. */
  readonly #reports = new Set<string>();

  constructor(
    hardware: SimulatedHardware,
    nodes: ReadonlyMap<string, NodeFacts>,
    report: (invariant: string, detail: string) => void,
  ) {
    this.#hardware = hardware;
    this.#nodes = nodes;
    this.#report = report;
  }

  /** A trusted verdict comes straight from a genuine quote over the nonce that was asked for. */
  attested({ event, effects }: EndpointRecord): void {
    for (const effect of effects) {
      if (effect.kind !== 'ReportVerdict') continue;
      const { verdict, commandId, nodeId } = (effect as ReportVerdict).command;
      if (verdict !== 'trusted' || this.#reports.has(commandId)) continue;
      this.#reports.add(commandId);
      const { effectId } = event as Partial<EffectOutcome>;
      if (effectId !== undefined && this.#genuineArrivals.has(effectId)) continue;
      this.#report('a trusted verdict needs a genuine quote', `${nodeId} at ${event.kind}`);
    }
  }

  /** A quote arrived as the TPM signed it. */
  quoted(effect: RequestQuote, outcome: HardwareOutcome): void {
    if (outcome.status !== 'ok') return;
    const quote = outcome.value as Quote;
    const firmware = this.#hardware.node(effect.nodeId)!.specification.firmware;
    const golden = goldenMeasurements(firmware);
    const isGolden = Object.keys(golden).every((index) => quote.pcrs[index] === golden[index]);
    if (!isGolden) return;
    this.#nodes.get(effect.nodeId)!.genuineQuotes.add(quote.bootCount);
    this.#genuineArrivals.add(effect.effectId);
  }

  /** A report that the isolation service has accepted. */
  verdict(report: AttestationReport, leases: ReadonlyMap<string, LeaseFacts>, nowMs: TimeMs): void {
    const lease = leases.get(report.leaseId);
    const node = this.#nodes.get(report.nodeId);
    if (lease === undefined || node === undefined) return;
    if (report.from.role !== 'service' || report.from.name !== lease.terms.attester) {
      this.#report('verdicts come from the attester', `${report.from.name} about ${node.nodeId}`);
    }
    if (report.verdict !== 'trusted') {
      node.trustedBoots.delete(report.bootCount);
      node.distrustedMs = nowMs;
      if (report.verdict === 'rejected') node.isRejected = true;
      return;
    }
    if (!node.genuineQuotes.has(report.bootCount)) {
      this.#report(
        'a trusted verdict needs a genuine quote',
        `${node.nodeId} boot ${report.bootCount} of lease ${report.leaseId}`,
      );
    }
    const knownMs = node.trustedBoots.get(report.bootCount) ?? 0;
    node.trustedBoots.set(report.bootCount, Math.max(knownMs, report.validUntilMs));
    node.everTrustedBoots.add(report.bootCount);
  }

  keyReleased(effect: ReleaseKeyShare): void {
    const node = this.#nodes.get(effect.nodeId);
    const bootCount = this.#hardware.node(effect.nodeId)?.bootCount ?? -1;
    if (node === undefined || node.genuineQuotes.has(bootCount)) return;
    this.#report('no key without a genuine quote', `${effect.nodeId} boot ${bootCount}`);
  }

  /** What is not attested any more is cut off as soon as the isolation service can know it. */
  checkExpired(nowMs: TimeMs, isolationUpMs: TimeMs): void {
    for (const node of this.#nodes.values()) {
      if (node.inEnclaveBoot === null) continue;
      const validUntilMs = node.trustedBoots.get(node.inEnclaveBoot) ?? node.distrustedMs;
      const knownMs = Math.max(validUntilMs, node.lastNoticeMs, isolationUpMs);
      if (node.isQuarantined || nowMs <= knownMs + CUT_OFF_GRACE_MS) continue;
      this.#report(
        'what is not attested any more is cut off',
        `${node.nodeId} boot ${node.inEnclaveBoot}`,
      );
      node.inEnclaveBoot = null;
    }
  }
}
