/**
 * Free nodes as far as estimates can tell. Nodes that last equally long are one *pool*: all own
 * nodes, whatever their class, and each borrowed or draining group. There is a capacity profile per
 * pool, and one of their sum that finds candidates fast. What a job gets is fixed pool by pool for
 * its whole time, so the pools, not the sum, decide whether it fits.
 */
import type { Carrier } from '../../../core/kernel/carried.ts';
import type { TimeMs } from '../../../core/kernel/units.ts';
import { CapacityProfile } from './capacity-profile.ts';
import { chooseNodes, compareGroups } from './node-groups.ts';
import type { NodeGroup, NodeRequest, Part } from './node-groups.ts';

export interface Pool {
  deadlineMs: TimeMs;
  /** In the order in which they are filled. */
  readonly groups: NodeGroup[];
}

/** Some nodes of one pool. */
export interface PoolPart {
  readonly pool: Pool;
  readonly nodes: number;
}

export class GroupPlan {
  /** Groups that can be used, tightest deadline first. */
  readonly groups: NodeGroup[] = [];
  /** In the same order; their profiles in parallel. */
  readonly pools: Pool[] = [];
  readonly #profiles: CapacityProfile[] = [];
  readonly #total: CapacityProfile;
  /** Own nodes by class, where there is more than one: running jobs only, until `splitByClass`. */
  readonly #classes = new Map<NodeGroup, CapacityProfile>();
  /** What the last successful `earliest` chose. */
  parts: PoolPart[] = [];

  constructor(fromMs: TimeMs) {
    this.#total = new CapacityProfile(fromMs, 0);
  }

  /** Becomes what `other` is, and goes its own way from there. */
  assign(other: GroupPlan): void {
    this.groups.splice(0, this.groups.length, ...other.groups);
    this.pools.splice(0, this.pools.length, ...other.pools);
    while (this.#profiles.length < this.pools.length) {
      this.#profiles.push(new CapacityProfile(0, 0));
    }
    this.#profiles.length = this.pools.length;
    other.#profiles.forEach((profile, at) => this.#profiles[at]!.assign(profile));
    for (const [group, profile] of other.#classes) {
      if (!this.#classes.has(group)) this.#classes.set(group, new CapacityProfile(0, 0));
      this.#classes.get(group)!.assign(profile);
    }
    this.#total.assign(other.#total);
  }

  advance(nowMs: TimeMs): void {
    for (const profile of this.#profiles) profile.advance(nowMs);
    for (const profile of this.#classes.values()) profile.advance(nowMs);
    this.#total.advance(nowMs);
  }

  /** Adds a group without nodes. */
  addGroup(group: NodeGroup, nowMs: TimeMs): void {
    insertSorted(this.groups, group);
    if (group.kind === 'home') {
      this.#classes.set(group, new CapacityProfile(nowMs, 0));
      const home = this.pools.at(-1);
      if (home && home.deadlineMs === Infinity) {
        insertSorted(home.groups, group);
        return;
      }
    }
    let at = this.pools.length;
    while (at > 0 && compareGroups(group, this.pools[at - 1]!.groups[0]!) < 0) at -= 1;
    this.pools.splice(at, 0, { deadlineMs: group.deadlineMs, groups: [group] });
    this.#profiles.splice(at, 0, new CapacityProfile(nowMs, 0));
  }

  /** Takes a borrowed or draining group out, whatever is planned on it. */
  removeGroup(group: NodeGroup): void {
    const at = this.#poolOf(group);
    if (at < 0) return;
    this.groups.splice(this.groups.indexOf(group), 1);
    this.#total.subtract(this.#profiles[at]!);
    this.pools.splice(at, 1);
    this.#profiles.splice(at, 1);
  }

  /** Adds free nodes of a group on [from, to), but not beyond its deadline. */
  add(group: NodeGroup, fromMs: TimeMs, toMs: TimeMs, nodes: number): void {
    const at = this.#poolOf(group);
    if (at < 0 || nodes === 0) return;
    this.#addToPool(at, fromMs, toMs, nodes);
    this.#classes.get(group)?.add(fromMs, toMs, nodes);
  }

  /** Jobs that run. */
  occupy(parts: readonly Part[], fromMs: TimeMs, toMs: TimeMs): void {
    for (const { group, nodes } of parts) this.add(group, fromMs, toMs, -nodes);
  }

  vacate(parts: readonly Part[], fromMs: TimeMs, toMs: TimeMs): void {
    for (const { group, nodes } of parts) this.add(group, fromMs, toMs, nodes);
  }

  /** Jobs that wait: which class of own nodes they will get is open. */
  reserve(parts: readonly PoolPart[], fromMs: TimeMs, toMs: TimeMs): void {
    for (const { pool, nodes } of parts) {
      this.#addToPool(this.pools.indexOf(pool), fromMs, toMs, -nodes);
    }
  }

  unreserve(parts: readonly PoolPart[], fromMs: TimeMs, toMs: TimeMs): void {
    for (const { pool, nodes } of parts) {
      this.#addToPool(this.pools.indexOf(pool), fromMs, toMs, nodes);
    }
  }

  #addToPool(at: number, fromMs: TimeMs, toMs: TimeMs, nodes: number): void {
    if (at < 0) return;
    const endMs = Math.min(toMs, this.pools[at]!.deadlineMs);
    this.#profiles[at]!.add(fromMs, endMs, nodes);
    this.#total.add(fromMs, endMs, nodes);
  }

  /**
   * Fixes the class of own nodes that reserved jobs will get, as they would be filled; call it in
   * order of their starts.
   */
  splitByClass(parts: readonly PoolPart[], fromMs: TimeMs, toMs: TimeMs): void {
    for (const { pool, nodes } of parts) {
      if (pool.deadlineMs !== Infinity || pool.groups.length < 2) continue;
      let left = nodes;
      for (const group of pool.groups) {
        const profile = this.#classes.get(group)!;
        // What the last class does not have for the whole time is still counted against it.
        const isLast = group === pool.groups.at(-1);
        const taken = isLast ? left : Math.min(left, Math.max(0, profile.least(fromMs, toMs)));
        profile.add(fromMs, toMs, -taken);
        left -= taken;
      }
    }
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
      if (this.#choose(request, startMs)) return startMs;
      startMs = this.#nextChange(startMs);
      if (startMs >= latestMs) return Infinity;
    }
  }

  #choose(request: NodeRequest, startMs: TimeMs): boolean {
    const { pools } = this;
    if (pools.length === 1) {
      // The sum is the pool.
      this.parts = [{ pool: pools[0]!, nodes: request.nodes }];
      return true;
    }
    const counts = chooseNodes(pools, request, startMs, (at, untilMs) =>
      this.#profiles[at]!.least(startMs, untilMs),
    );
    if (!counts) return false;
    this.parts = [];
    for (let at = 0; at < counts.length; at++) {
      if (counts[at]! > 0) this.parts.push({ pool: pools[at]!, nodes: counts[at]! });
    }
    return true;
  }

  /**
   * A time before which there is certainly no start in [from, latest), by the sum of all pools
   * alone; what is free at or after `ownMs` counts as enough. `ownMs` when there is none.
   */
  candidate(request: NodeRequest, fromMs: TimeMs, latestMs: TimeMs, ownMs: TimeMs): TimeMs {
    const durationMs = this.pools.length === 1 ? request.estimateMs : request.needMs;
    return this.#total.earliest(request.nodes, durationMs, fromMs, latestMs, ownMs);
  }

  /** Most nodes that are free at one instant of [from, to). */
  most(fromMs: TimeMs, toMs: TimeMs): number {
    return this.#total.most(fromMs, toMs);
  }

  /** Fewest nodes of a group that are free at any instant of [from, to). */
  least(group: NodeGroup, fromMs: TimeMs, toMs: TimeMs): number {
    const at = this.#poolOf(group);
    if (at < 0) return 0;
    const inPool = this.#profiles[at]!.least(fromMs, toMs);
    const inClass = this.#classes.get(group)?.least(fromMs, toMs) ?? inPool;
    return Math.max(0, this.pools[at]!.groups.length > 1 ? Math.min(inPool, inClass) : inPool);
  }

  /** Nodes free at an instant in the pools that last until `untilMs`. */
  freeAt(atMs: TimeMs, untilMs: TimeMs): number {
    let nodes = 0;
    for (let at = 0; at < this.pools.length; at++) {
      if (this.pools[at]!.deadlineMs >= untilMs) nodes += this.#profiles[at]!.freeAt(atMs);
    }
    return nodes;
  }

  #poolOf(group: NodeGroup): number {
    for (let at = this.pools.length - 1; at >= 0; at--) {
      if (this.pools[at]!.groups.includes(group)) return at;
    }
    return -1;
  }

  #nextChange(afterMs: TimeMs): TimeMs {
    let next = Infinity;
    for (const profile of this.#profiles) next = Math.min(next, profile.nextChange(afterMs));
    return next;
  }

  carry(carrier: Carrier): void {
    carrier.fills({ groups: this.groups, pools: this.pools });
    this.parts = carrier.value('parts', this.parts);
    carrier.part('total', this.#total);
    const profiles = carrier.value('profiles', this.#profiles.length);
    if (carrier.restores) this.#profiles.length = 0;
    for (let at = 0; at < profiles; at++) {
      if (carrier.restores) this.#profiles.push(new CapacityProfile(0, 0));
      carrier.part(`profile ${at}`, this.#profiles[at]!);
    }
    const classes = carrier.value('classes', [...this.#classes.keys()]);
    if (carrier.restores) this.#classes.clear();
    for (const group of classes) {
      if (carrier.restores) this.#classes.set(group, new CapacityProfile(0, 0));
      carrier.part(`class ${group.groupId}`, this.#classes.get(group)!);
    }
  }
}

/** When work on these nodes must stop at the latest. */
export function poolStopTimeMs(parts: readonly PoolPart[]): TimeMs {
  let stopMs = Infinity;
  for (const { pool } of parts) stopMs = Math.min(stopMs, pool.deadlineMs);
  return stopMs;
}

function insertSorted(groups: NodeGroup[], group: NodeGroup): void {
  let at = groups.length;
  while (at > 0 && compareGroups(group, groups[at - 1]!) < 0) at -= 1;
  groups.splice(at, 0, group);
}
