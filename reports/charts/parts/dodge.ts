/** Moving labels apart. */

/**
 * Places as near to the wanted ones as keep a distance from each other, in the same order; within
 * the bounds as long as there is room.
 *
 * @param wanted middles, in any order
 * @returns middles, in the order given
 */
export function dodge(
  wanted: readonly number[],
  distance: number,
  bounds: readonly [number, number],
): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a]! - wanted[b]! || a - b);
  const places = new Array<number>(wanted.length).fill(0);
  let free = bounds[0];
  for (const index of order) {
    places[index] = Math.max(wanted[index]!, free);
    free = places[index] + distance;
  }
  let limit = bounds[1];
  for (const index of order.reverse()) {
    places[index] = Math.max(Math.min(places[index]!, limit), bounds[0]);
    limit = places[index] - distance;
  }
  return places;
}
