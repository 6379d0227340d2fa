/** Every mechanism by its name; adding one costs its file, its test and a line here. */
import type { Mechanism } from '../mechanism.ts';
import { combinatorialVcg } from './combinatorial-vcg.ts';
import { continuousDoubleAuction } from './continuous-double-auction.ts';
import { drf } from './drf.ts';
import { easyPool } from './easy-pool.ts';
import { exchangeThreshold } from './exchange-threshold.ts';
import { fcfsPool } from './fcfs-pool.ts';
import { greedyCritical } from './greedy-critical.ts';
import { gsp } from './gsp.ts';
import { kDoubleAuction } from './k-double-auction.ts';
import { karma } from './karma.ts';
import { leasing } from './leasing.ts';
import { mcafee } from './mcafee.ts';
import { muda } from './muda.ts';
import { multiunitVickrey } from './multiunit-vickrey.ts';
import { optimum } from './optimum.ts';
import { postedPrice } from './posted-price.ts';
import { priorityPreemptive } from './priority-preemptive.ts';
import { proportionalShare } from './proportional-share.ts';
import { sbba } from './sbba.ts';
import { spotPreemptible } from './spot-preemptible.ts';
import { staticPartition } from './static.ts';
import { vcgDoubleAuction } from './vcg-double-auction.ts';

const ALL: readonly Mechanism[] = [
  staticPartition,
  leasing,
  fcfsPool,
  easyPool,
  drf,
  karma,
  proportionalShare,
  priorityPreemptive,
  spotPreemptible,
  postedPrice,
  continuousDoubleAuction,
  kDoubleAuction,
  mcafee,
  sbba,
  muda,
  multiunitVickrey,
  gsp,
  vcgDoubleAuction,
  exchangeThreshold,
  combinatorialVcg,
  greedyCritical,
  optimum,
];

export const mechanisms: ReadonlyMap<string, Mechanism> = new Map(
  ALL.map((mechanism) => [mechanism.name, mechanism]),
);
