/**
 * Slot prices as they are published: by class and step, the dual of the capacity there, but never
 * less than the reserve of the cheapest ask that has anything then.
 */
import type { SlotPrice } from '../orders.ts';
import type { Instance } from './instance.ts';

/** Least reserve by class and step, [class · steps + step]; Infinity where nothing is offered. */
export function leastReserves(instance: Instance): Float64Array {
  const { asks, steps, askClass, askFrom, askTo, nodeClasses } = instance;
  const least = new Float64Array(nodeClasses.length * steps).fill(Infinity);
  for (let a = 0; a < asks.length; a++) {
    const { reserveMillicredits } = asks[a]!;
    for (let t = askFrom[a]!; t < askTo[a]!; t++) {
      const at = askClass[a]! * steps + t;
      if (reserveMillicredits < least[at]!) least[at] = reserveMillicredits;
    }
  }
  return least;
}

/**
 * Runs of slots with one price, by class name and start, rounded down.
 *
 * @param price by class and step, as of `leastReserves`; Infinity: none
 */
export function publishedPrices(instance: Instance, price: Float64Array): SlotPrice[] {
  const { steps, stepSlot, nodeClasses } = instance;
  const published: SlotPrice[] = [];
  const byName = [...nodeClasses.keys()].sort((a, b) =>
    nodeClasses[a]! < nodeClasses[b]! ? -1 : 1,
  );
  for (const c of byName) {
    for (let t = 0; t < steps; t++) {
      const millicreditsPerNodeSlot = Math.floor(price[c * steps + t]!);
      if (millicreditsPerNodeSlot === Infinity) continue;
      const nodeClass = nodeClasses[c]!;
      const [startSlot, endSlot] = [stepSlot[t]!, stepSlot[t + 1]!];
      const last = published.at(-1);
      const goesOn =
        last?.nodeClass === nodeClass &&
        last.endSlot === startSlot &&
        last.millicreditsPerNodeSlot === millicreditsPerNodeSlot;
      if (goesOn) published[published.length - 1] = { ...last, endSlot };
      else published.push({ nodeClass, startSlot, endSlot, millicreditsPerNodeSlot });
    }
  }
  return published;
}
