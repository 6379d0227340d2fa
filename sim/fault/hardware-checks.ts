/** What must hold of the hardware at every instant, given what the journal says. */
import type { SimulatedHardware } from '../hardware/hardware.ts';
import type { SimulatedNode } from '../hardware/node.ts';
import type { LeaseFacts, NodeFacts } from './facts.ts';

export class HardwareChecks {
  readonly #hardware: SimulatedHardware;
  readonly #nodes: ReadonlyMap<string, NodeFacts>;
  readonly #report: (invariant: string, detail: string) => void;
  /** Device → largest fencing token it was seen with. */
  readonly #tokens = new Map<string, number>();

  constructor(
    hardware: SimulatedHardware,
    nodes: ReadonlyMap<string, NodeFacts>,
    report: (invariant: string, detail: string) => void,
  ) {
    this.#hardware = hardware;
    this.#nodes = nodes;
    this.#report = report;
  }

  check(leases: ReadonlyMap<string, LeaseFacts>): void {
    for (const node of this.#hardware.nodes()) {
      const facts = this.#nodes.get(node.specification.nodeId)!;
      if (facts.isClean) this.#checkFree(node, facts);
      else this.#checkOpen(node, facts, leases);
      this.#checkTokens(node);
    }
    this.#checkSegments();
    for (const { imageId, damages } of this.#hardware.storage.images.values()) {
      if (damages > 0) this.#report('a golden image is never written', imageId);
    }
  }

  #checkFree(node: SimulatedNode, facts: NodeFacts): void {
    const { nodeId } = facts;
    if (node.power !== 'off') this.#report('a free node is off', nodeId);
    if (node.bmcGrantee !== null) {
      this.#report('a free node has no credentials', `${nodeId}: ${node.bmcGrantee}`);
    }
    for (const port of node.ports) {
      if (port.attachments.length === 0) continue;
      const networks = port.attachments.map(({ networkId }) => networkId).join(', ');
      this.#report('a free node has all ports shut', `${nodeId}: network ${networks}`);
    }
    if (node.residueLease !== null || node.wipedAtMs < facts.lastOpenedMs) {
      this.#report('a free node was wiped since its last use', nodeId);
    }
  }

  #checkOpen(node: SimulatedNode, facts: NodeFacts, leases: ReadonlyMap<string, LeaseFacts>): void {
    const { nodeId, heldBy } = facts;
    if (node.bmcGrantee !== null && node.bmcGrantee !== heldBy) {
      this.#report('credentials are the holder’s', `${nodeId}: ${node.bmcGrantee}`);
    }
    const lease = facts.leaseId === null ? undefined : leases.get(facts.leaseId);
    if (lease === undefined) return;
    const { lessee, securityLevel, leaseId } = lease.terms;
    const residue = node.residueLease === null ? lease : leases.get(node.residueLease);
    if (residue !== undefined && residue.terms.lessee !== lessee) {
      this.#report('nothing of the last tenant is left', `${nodeId}: ${node.residueLease}`);
    }
    if (securityLevel === 'none' || node.power === 'off') return;
    // A verdict that was withdrawn takes its time to act; one that never was has none.
    if (facts.everTrustedBoots.has(node.bootCount)) return;
    for (const port of node.ports) {
      if (facts.lies.has(`port ${port.portId}`)) continue;
      if (port.attachments.every(({ networkId }) => facts.airlockNetworks.has(networkId))) continue;
      this.#report(
        'no tenant network before a trusted verdict',
        `${nodeId} boot ${node.bootCount} of ${leaseId}`,
      );
    }
  }

  /** With fencing at the devices this cannot fail; it is what shows that there is fencing. */
  #checkTokens(node: SimulatedNode): void {
    const { nodeId } = node.specification;
    this.#checkToken(nodeId, node.bmcFencingToken);
    for (const port of node.ports) this.#checkToken(port.portId, port.fencingToken);
  }

  #checkToken(device: string, token: number): void {
    const seen = this.#tokens.get(device) ?? 0;
    if (token < seen) this.#report('fencing tokens never decrease', `${device} at its device`);
    else if (token > seen) this.#tokens.set(device, token);
  }

  #checkSegments(): void {
    for (const [networkId, nodeIds] of this.#hardware.segments.occupied()) {
      if (nodeIds.length < 2) continue;
      const first = this.#nodes.get(nodeIds[0]!)!;
      for (const nodeId of nodeIds) {
        const facts = this.#nodes.get(nodeId)!;
        if (facts.heldBy !== first.heldBy) {
          this.#report(
            'organisations share no network',
            `network ${networkId}: ${first.nodeId} of ${first.heldBy}, ${nodeId} of ${facts.heldBy}`,
          );
        }
        if (facts.airlockNetworks.has(networkId)) {
          this.#report('a node is alone in its airlock', `network ${networkId}: ${nodeId}`);
        }
      }
    }
  }
}
