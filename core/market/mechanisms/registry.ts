/** Every mechanism by its name; adding one costs its file, its test and a line here. */
import type { Mechanism } from '../mechanism.ts';
import { easyPool } from './easy-pool.ts';
import { exchangeThreshold } from './exchange-threshold.ts';
import { fcfsPool } from './fcfs-pool.ts';
import { kDoubleAuction } from './k-double-auction.ts';
import { leasing } from './leasing.ts';
import { postedPrice } from './posted-price.ts';
import { staticPartition } from './static.ts';

export const mechanisms: ReadonlyMap<string, Mechanism> = new Map(
  [
    staticPartition,
    leasing,
    fcfsPool,
    easyPool,
    postedPrice,
    kDoubleAuction,
    exchangeThreshold,
  ].map((mechanism) => [mechanism.name, mechanism]),
);
