/**
 * Free nodes of every group as far as estimates can tell: a capacity profile per group, and one of
 * their sum that finds candidates fast. What a job gets is fixed group by group for its whole
 * time, so the groups, not the sum, decide whether it fits.
 */
import type { TimeMs } from '../../../core/kernel/units.ts';
import { CapacityProfile } from './capacity-profile.ts';
import { chooseNodes, compareGroups } from './node-groups.ts';
import type { NodeGroup, NodeRequest, Part } from './node-groups.ts';

export class GroupPlan {
  /** Groups that can be used, tightest deadline first; their profiles in the same order. */
  readonly groups: NodeGroup[] = [];
  readonly #profiles: CapacityProfile[] = [];
  readonly #total: CapacityProfile;
  /** What the last successful `earliest` chose. */
  parts: Part[] = [];

  constructor(fromMs: TimeMs) {
    this.#total = new CapacityProfile(fromMs, 0);
  }

  /** Becomes what `other` is, and goes its own way from there. */
  assign(other: GroupPlan): void {
    this.groups.length = 0;
    this.groups.push(...other.groups);
    while (this.#profiles.length < this.groups.length) {
      this.#profiles.push(new CapacityProfile(0, 0));
    }
    this.#profiles.length = this.groups.length;
    other.#profiles.forEach((profile, at) => this.#profiles[at]!.assign(profile));
    this.#total.assign(other.#total);
  }

  advance(nowMs: TimeMs): void {
    for (const profile of this.#profiles) profile.advance(nowMs);
    this.#total.advance(nowMs);
  }

  /** Adds a group without nodes. */
  addGroup(group: NodeGroup, nowMs: TimeMs): void {
    let at = this.groups.length;
    while (at > 0 && compareGroups(group, this.groups[at - 1]!) < 0) at -= 1;
    this.groups.splice(at, 0, group);
    this.#profiles.splice(at, 0, new CapacityProfile(nowMs, 0));
  }

  /** Takes a group out, whatever is planned on it. */
  removeGroup(group: NodeGroup): void {
    const at = this.groups.indexOf(group);
    if (at < 0) return;
    this.#total.subtract(this.#profiles[at]!);
    this.groups.splice(at, 1);
    this.#profiles.splice(at, 1);
  }

  /** Adds free nodes of a group on [from, to), but not beyond its deadline. */
  add(group: NodeGroup, fromMs: TimeMs, toMs: TimeMs, nodes: number): void {
    const at = this.groups.indexOf(group);
    if (at < 0 || nodes === 0) return;
    const endMs = Math.min(toMs, group.deadlineMs);
    this.#profiles[at]!.add(fromMs, endMs, nodes);
    this.#total.add(fromMs, endMs, nodes);
  }

  occupy(parts: readonly Part[], fromMs: TimeMs, toMs: TimeMs): void {
    for (const { group, nodes } of parts) this.add(group, fromMs, toMs, -nodes);
  }

  vacate(parts: readonly Part[], fromMs: TimeMs, toMs: TimeMs): void {
    for (const { group, nodes } of parts) this.add(group, fromMs, toMs, nodes);
  }

  /**
   * The earliest start in [from, latest), Infinity when there is none; `parts` then says on which
   * nodes.
   */
  earliest(request: NodeRequest, fromMs: TimeMs, latestMs: TimeMs): TimeMs {
    let startMs = fromMs;
    for (;;) {
      startMs = this.candidate(request, startMs, latestMs, Infinity);
      if (startMs === Infinity) return Infinity;
      const parts = chooseNodes(this.groups, request, startMs, (index, untilMs) =>
        this.#profiles[index]!.least(startMs, untilMs),
      );
      if (parts) {
        this.parts = parts;
        return startMs;
      }
      startMs = this.#nextChange(startMs);
      if (startMs >= latestMs) return Infinity;
    }
  }

  /**
   * A time before which there is certainly no start in [from, latest), by the sum of all groups
   * alone; what is free at or after `ownMs` counts as enough. `ownMs` when there is none.
   */
  candidate(request: NodeRequest, fromMs: TimeMs, latestMs: TimeMs, ownMs: TimeMs): TimeMs {
    return this.#total.earliest(request.nodes, request.needMs, fromMs, latestMs, ownMs);
  }

  /** Most nodes that are free at one instant of [from, to). */
  most(fromMs: TimeMs, toMs: TimeMs): number {
    return this.#total.most(fromMs, toMs);
  }

  /** Fewest nodes of a group that are free at any instant of [from, to). */
  least(group: NodeGroup, fromMs: TimeMs, toMs: TimeMs): number {
    const at = this.groups.indexOf(group);
    return at < 0 ? 0 : Math.max(0, this.#profiles[at]!.least(fromMs, toMs));
  }

  /** Nodes free at an instant in the groups that last until `untilMs`. */
  freeAt(atMs: TimeMs, untilMs: TimeMs): number {
    let nodes = 0;
    for (let i = 0; i < this.groups.length; i++) {
      if (this.groups[i]!.deadlineMs >= untilMs) nodes += this.#profiles[i]!.freeAt(atMs);
    }
    return nodes;
  }

  #nextChange(afterMs: TimeMs): TimeMs {
    let next = Infinity;
    for (const profile of this.#profiles) next = Math.min(next, profile.nextChange(afterMs));
    return next;
  }
}
