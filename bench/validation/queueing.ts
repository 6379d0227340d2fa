/** Stations whose mean wait is known, simulated over independent replications. */
import type { Estimate } from '../../core/metrics/estimate.ts';
import { estimate, mean } from '../../core/metrics/statistics.ts';
import { waitMG1, waitMMc, waitTailMMc } from './closed-forms.ts';
import {
  drawCustomers,
  MEAN_SERVICE_MS,
  SERVICE_LAWS,
  waitsByCluster,
  waitsByEvents,
  waitsByRecursion,
} from './stations.ts';
import type { Customers, Station } from './stations.ts';

export interface QueueingCase extends Station {
  readonly name: string;
}

const { exponential, deterministic, gamma, hyperexponential } = SERVICE_LAWS;

export const QUEUEING_CASES: readonly QueueingCase[] = [
  { name: 'M/M/1', servers: 1, utilisation: 0.5, law: exponential },
  { name: 'M/M/1', servers: 1, utilisation: 0.8, law: exponential },
  { name: 'M/M/2', servers: 2, utilisation: 0.8, law: exponential },
  { name: 'M/M/8', servers: 8, utilisation: 0.9, law: exponential },
  { name: 'M/M/64', servers: 64, utilisation: 0.95, law: exponential },
  { name: 'M/D/1', servers: 1, utilisation: 0.8, law: deterministic },
  { name: 'M/G/1', servers: 1, utilisation: 0.8, law: gamma },
  { name: 'M/G/1', servers: 1, utilisation: 0.7, law: hyperexponential },
];

export interface QueueingSize {
  readonly replications: number;
  /** Customers a replication, the first of which are not counted. */
  readonly customers: number;
  readonly warmUp: number;
}

export interface QueueingResult {
  readonly station: QueueingCase;
  /** Mean waits in mean service times. */
  readonly theory: number;
  readonly simulated: Estimate;
  /** (simulated − theory) / standard error. */
  readonly deviation: number;
  /** Share of waits beyond 1 mean service time, in theory and simulated; null but for M/M/c. */
  readonly tail: { readonly theory: number; readonly simulated: Estimate } | null;
  /** Waits in which event queue, cluster and recursion are not the same to the millisecond. */
  readonly differentWaits: number;
}

/** Mean wait in mean service times. */
export function theoreticalWait({ servers, utilisation, law }: Station): number {
  const arrivalRate = servers * utilisation;
  return law === exponential
    ? waitMMc(arrivalRate, 1, servers)
    : waitMG1(arrivalRate, 1, law.secondMoment);
}

export type Waits = (customers: Customers, servers: number) => Float64Array;

/** @param waitsOf what is validated; the cluster unless a test plants a mistake */
export function validateStation(
  station: QueueingCase,
  size: QueueingSize,
  waitsOf: Waits = waitsByCluster,
): QueueingResult {
  const means: number[] = [];
  const tails: number[] = [];
  let differentWaits = 0;
  for (let replication = 0; replication < size.replications; replication++) {
    const customers = drawCustomers(station, size.customers, replication);
    const waits = waitsOf(customers, station.servers);
    const events = waitsByEvents(customers, station.servers);
    const recursion = waitsByRecursion(customers, station.servers);
    differentWaits += waits.filter((wait, i) => wait !== events[i] || wait !== recursion[i]).length;
    const counted = Array.from(waits.subarray(size.warmUp), (wait) => wait / MEAN_SERVICE_MS);
    means.push(mean(counted));
    tails.push(counted.filter((wait) => wait > 1).length / counted.length);
  }
  const theory = theoreticalWait(station);
  const simulated = estimate(means);
  return {
    station,
    theory,
    simulated,
    deviation: (simulated.mean - theory) / standardError(means),
    tail:
      station.law === exponential
        ? {
            theory: waitTailMMc(station.servers * station.utilisation, 1, station.servers, 1),
            simulated: estimate(tails),
          }
        : null,
    differentWaits,
  };
}

function standardError(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) * (value - centre), 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
