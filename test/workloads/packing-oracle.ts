/** Packing as slow and obvious as can be, and a checker that shares nothing with the packers. */
import type { MachineLives } from '../../workloads/cloud/machine-lives.ts';

export type Size = readonly [cores: number, memory: number, gpus: number];

export interface SmallLife {
  readonly start: number;
  readonly end: number;
  readonly size: Size;
}

type Rule = 'first-fit' | 'first-fit-decreasing' | 'best-fit';

const dominant = (size: Size, node: Size) =>
  Math.max(...size.map((x, i) => (x > 0 ? x / node[i]! : 0)));

/** Node of each life by a rule, with all nodes looked at every time; −1 for what fits none. */
export function naivePacking(lives: readonly SmallLife[], node: Size, rule: Rule): number[] {
  const nodeOf = lives.map(() => -1);
  const times = [...new Set(lives.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  for (const now of times) {
    const alive = (row: number) => lives[row]!.start < now && lives[row]!.end > now;
    const placed = lives.map((_, row) => nodeOf[row]! >= 0 && alive(row));
    const arriving = [...lives.keys()].filter(
      (row) => lives[row]!.start === now && lives[row]!.end > now,
    );
    if (rule === 'first-fit-decreasing') {
      arriving.sort(
        (a, b) => dominant(lives[b]!.size, node) - dominant(lives[a]!.size, node) || a - b,
      );
    }
    for (const row of arriving) {
      const { size } = lives[row]!;
      if (size.some((amount, i) => amount > node[i]!)) continue;
      nodeOf[row] = choose(lives, placed, nodeOf, size, node, rule);
      placed[row] = true;
    }
  }
  return nodeOf;
}

function choose(
  lives: readonly SmallLife[],
  placed: readonly boolean[],
  nodeOf: readonly number[],
  size: Size,
  node: Size,
  rule: Rule,
): number {
  const shares = size.map((x, i) => (x > 0 ? x / node[i]! : 0));
  const resource = shares.indexOf(Math.max(...shares));
  let empty = -1;
  let best: { at: number; left: number; sum: number } | null = null;
  for (let at = 0; at <= lives.length; at++) {
    const here = [...lives.keys()].filter((row) => placed[row] && nodeOf[row] === at);
    if (here.length === 0) {
      if (empty < 0) empty = at;
      continue;
    }
    const free = node.map((x, i) => here.reduce((sum, row) => sum - lives[row]!.size[i]!, x));
    if (size.some((amount, i) => amount > free[i]!)) continue;
    if (rule !== 'best-fit') return at;
    const sum = free.reduce((total, x, i) => total + (node[i]! > 0 ? x / node[i]! : 0), 0);
    const left = free[resource]!;
    if (best === null || left < best.left || (left === best.left && sum < best.sum - 1e-12)) {
      best = { at, left, sum };
    }
  }
  return best?.at ?? empty;
}

/** What is wrong with a placement, from lives and nodes alone. */
export function placementFaults(
  lives: readonly SmallLife[],
  nodeOf: ArrayLike<number>,
  node: Size,
): string[] {
  const faults: string[] = [];
  lives.forEach(({ start, end, size }, row) => {
    const fits = size.every((amount, i) => amount <= node[i]!);
    const isPlaced = nodeOf[row]! >= 0;
    if (isPlaced !== (fits && end > start)) faults.push(`row ${row} is on node ${nodeOf[row]}`);
    if (!isPlaced) return;
    // The most is on a node just after something came to it.
    const sum = [0, 0, 0];
    lives.forEach((other, at) => {
      if (nodeOf[at] !== nodeOf[row] || other.start > start || other.end <= start) return;
      other.size.forEach((amount, i) => (sum[i]! += amount));
    });
    if (sum.some((amount, i) => amount > node[i]! + 1e-9)) {
      faults.push(`node ${nodeOf[row]} holds ${sum.join(', ')} at ${start}`);
    }
  });
  return faults;
}

/** Nodes in use and the least that totals allow, just after every change. */
export function needsOverTime(
  lives: readonly SmallLife[],
  nodeOf: ArrayLike<number>,
  node: Size,
): { atMs: number; nodes: number; least: number }[] {
  const times = [...new Set(lives.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  return times.map((atMs) => {
    const alive = [...lives.keys()].filter(
      (row) => nodeOf[row]! >= 0 && lives[row]!.start <= atMs && lives[row]!.end > atMs,
    );
    const totals = node.map((_, i) => alive.reduce((sum, row) => sum + lives[row]!.size[i]!, 0));
    const least = Math.max(
      0,
      ...totals.map((x, i) => (x > 0 ? Math.ceil(x / node[i]! - 1e-9) : 0)),
    );
    return { atMs, nodes: new Set(alive.map((row) => nodeOf[row])).size, least };
  });
}

/** Fewest nodes for items of several resources, by trying everything that could matter. */
export function fewestNodes(items: readonly Size[], node: Size): number {
  const sorted = [...items].sort((a, b) => dominant(b, node) - dominant(a, node));
  let best = sorted.length;
  const bins: number[][] = [];
  const place = (at: number): void => {
    if (bins.length >= best) return;
    if (at === sorted.length) {
      best = bins.length;
      return;
    }
    const item = sorted[at]!;
    const seen = new Set<string>();
    for (const bin of bins) {
      // Nodes with the same left are the same.
      const key = bin.join();
      if (seen.has(key) || item.some((amount, i) => amount > bin[i]!)) continue;
      seen.add(key);
      item.forEach((amount, i) => (bin[i]! -= amount));
      place(at + 1);
      item.forEach((amount, i) => (bin[i]! += amount));
    }
    bins.push(node.map((x, i) => x - item[i]!));
    place(at + 1);
    bins.pop();
  };
  place(0);
  return best;
}

/** First fit decreasing, item by item. */
export function firstFitDecreasing(items: readonly Size[], node: Size): number {
  const bins: number[][] = [];
  for (const item of [...items].sort((a, b) => dominant(b, node) - dominant(a, node))) {
    let bin = bins.find((free) => item.every((amount, i) => amount <= free[i]!));
    if (bin === undefined) bins.push((bin = [...node]));
    item.forEach((amount, i) => (bin[i]! -= amount));
  }
  return bins.length;
}

export function addAll(lives: MachineLives, small: readonly SmallLife[]): MachineLives {
  for (const { start, end, size } of small) lives.add(start, end, size[0], size[1], size[2]);
  return lives;
}
