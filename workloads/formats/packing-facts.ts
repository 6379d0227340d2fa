/** The nodes that machines need by each way of packing, for inspections. */
import { OcxError } from '../../core/kernel/errors.ts';
import { HOUR_MS } from '../../core/kernel/units.ts';
import type { MachineLives } from '../cloud/machine-lives.ts';
import type { NodeClass } from '../cloud/node-class.ts';
import { packLives, REAL_PACKINGS, type RealPacking } from '../cloud/packed-need.ts';
import { significant } from '../statistics.ts';
import type { Fact } from './format.ts';

/** One change of the need an hour at most is looked at; means are exact. */
const STEP_MS = HOUR_MS;

/** Beyond so many sizes two ways of packing get slow: their time grows with the square. */
export const MOST_SIZES = 4_096;
const QUICK: readonly RealPacking[] = ['first-fit', 'first-fit-decreasing'];

/**
 * Mean and most nodes over [0, horizon), and the mean over that of totals at every instant.
 *
 * @throws OcxError INPUT_NODE_SIZE where no machine fits the node
 */
export function packingFacts(lives: MachineLives, node: NodeClass, horizonMs: number): Fact[] {
  const facts: Fact[] = [];
  const areMany = lives.sizes.count > MOST_SIZES;
  for (const packing of areMany ? QUICK : REAL_PACKINGS) {
    const packed = packLives(lives, node, packing, { horizonMs, stepMs: STEP_MS });
    if (packed.placed === 0) throw tooSmall(node);
    const { nodeMs, boundMs, mostNodes, mostBound } = packed;
    if (facts.length === 0) {
      facts.push(
        { name: 'packed on', value: inWords(node) },
        { name: 'machines packed', value: packed.placed },
        { name: 'machines that fit no node, set aside', value: packed.fitsNoNode },
        { name: 'machines that live no time', value: packed.livesNoTime },
        { name: 'nodes by totals, mean', value: significant(boundMs / horizonMs) },
        { name: 'nodes by totals, most', value: mostBound },
      );
    }
    facts.push(
      { name: `nodes ${packing}, mean`, value: significant(nodeMs / horizonMs) },
      { name: `nodes ${packing}, most`, value: mostNodes },
      {
        name: `nodes ${packing}, over totals`,
        value: significant(nodeMs / boundMs),
        unit: 'times',
      },
    );
  }
  if (areMany) {
    const value = `left out, there are ${lives.sizes.count} sizes of machines`;
    facts.push({ name: 'nodes best-fit, nodes repacked', value });
  }
  return facts;
}

function inWords({ cores, memoryGb, gpus }: NodeClass): string {
  const ofGpus = gpus === undefined ? '' : `, ${gpus} GPUs`;
  return `${cores} cores, ${memoryGb} GB${ofGpus}`;
}

function tooSmall(node: NodeClass): OcxError {
  return new OcxError({
    code: 'INPUT_NODE_SIZE',
    message: `no machine of the log fits a node of ${inWords(node)}`,
    remedy: 'pack on larger nodes',
  });
}
