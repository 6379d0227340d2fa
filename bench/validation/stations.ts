/**
 * The same customers through a queueing station three times: through the event queue of the
 * simulated world, through a batch cluster, and through the recursion of Kiefer & Wolfowitz (1955),
 * which knows no events. All three must give every customer the same wait, to the millisecond.
 */
import { emptyJobTable } from '../../core/demand/jobs.ts';
import { randomStream } from '../../core/kernel/random.ts';
import type { RandomStream } from '../../core/kernel/random.ts';
import { BatchCluster } from '../../sim/clusters/batch/cluster.ts';
import { EventQueue } from '../../sim/queue/event-queue.ts';

/** Customers in order of arrival, whole milliseconds. */
export interface Customers {
  readonly arrivalMs: Float64Array;
  readonly serviceMs: Float64Array;
}

export interface ServiceLaw {
  readonly name: string;
  /** E[S²] / E[S]². */
  readonly secondMoment: number;
  /** A service time with mean 1. */
  draw(random: RandomStream): number;
}

/** Rare long services: with chance 1/6 mean 3.5, else mean 1/2. */
const LONG_SHARE = 1 / 6;
const LONG_MEAN = 3.5;
const SHORT_MEAN = 0.5;

export const SERVICE_LAWS = {
  exponential: { name: 'exponential', secondMoment: 2, draw: (random) => random.exponential(1) },
  deterministic: { name: 'deterministic', secondMoment: 1, draw: () => 1 },
  gamma: { name: 'gamma, shape 4', secondMoment: 1.25, draw: (random) => random.gamma(4, 1 / 4) },
  hyperexponential: {
    name: 'hyperexponential',
    secondMoment:
      2 * (LONG_SHARE * LONG_MEAN * LONG_MEAN + (1 - LONG_SHARE) * SHORT_MEAN * SHORT_MEAN),
    draw: (random) => {
      const mean = random.uniform() < LONG_SHARE ? LONG_MEAN : SHORT_MEAN;
      return random.exponential(mean);
    },
  },
} as const satisfies Record<string, ServiceLaw>;

export interface Station {
  readonly servers: number;
  /** λ · E[S] / servers, below 1. */
  readonly utilisation: number;
  readonly law: ServiceLaw;
}

/** Mean service time of all stations: long, so that whole milliseconds change nothing. */
export const MEAN_SERVICE_MS = 1_000_000;

/** Every station has draws of its own, so that its result is evidence of its own. */
export function drawCustomers(station: Station, count: number, replication: number): Customers {
  const entity = `${station.servers} servers, ${station.utilisation}, ${station.law.name}`;
  const stream = (purpose: string) => randomStream({ seed: 1, replication, entity, purpose });
  const arrivals = stream('arrivals');
  const services = stream('services');
  const gapMs = MEAN_SERVICE_MS / (station.servers * station.utilisation);
  const arrivalMs = new Float64Array(count);
  const serviceMs = new Float64Array(count);
  let atMs = 0;
  for (let i = 0; i < count; i++) {
    atMs += arrivals.exponential(gapMs);
    arrivalMs[i] = Math.round(atMs);
    serviceMs[i] = Math.max(1, Math.round(MEAN_SERVICE_MS * station.law.draw(services)));
  }
  return { arrivalMs, serviceMs };
}

/** Waits of a station that is nothing but events: arrivals (priority 0), then ends. */
export function waitsByEvents({ arrivalMs, serviceMs }: Customers, servers: number): Float64Array {
  const events = new EventQueue<number>();
  const waitMs = new Float64Array(arrivalMs.length);
  const ARRIVAL = 0;
  const END = 1;
  let free = servers;
  let nextToServe = 0;
  let waiting = 0;
  const serve = () => {
    while (free > 0 && waiting > 0) {
      const customer = nextToServe++;
      waiting -= 1;
      free -= 1;
      waitMs[customer] = events.nowMs - arrivalMs[customer]!;
      events.schedule(events.nowMs + serviceMs[customer]!, END, customer);
    }
  };
  if (arrivalMs.length > 0) events.schedule(arrivalMs[0]!, ARRIVAL, 0);
  for (let customer = events.next(); customer !== undefined; customer = events.next()) {
    if (events.priority === ARRIVAL) {
      waiting += 1;
      const following = customer + 1;
      if (following < arrivalMs.length) events.schedule(arrivalMs[following]!, ARRIVAL, following);
    } else free += 1;
    serve();
  }
  return waitMs;
}

/** Waits of jobs of one node each on a first-come-first-served batch cluster. */
export function waitsByCluster({ arrivalMs, serviceMs }: Customers, servers: number): Float64Array {
  const table = emptyJobTable(arrivalMs.length);
  for (let row = 0; row < table.count; row++) {
    table.jobNumber[row] = row + 1;
    table.submitSeconds[row] = arrivalMs[row]! / 1_000;
    table.runSeconds[row] = serviceMs[row]! / 1_000;
    table.estimateSeconds[row] = serviceMs[row]! / 1_000;
    table.processors[row] = 1;
  }
  const cluster = new BatchCluster(table, {
    scheduler: 'fcfs',
    homeNodes: { servers },
    abandons: false,
  });
  while (!cluster.isResolved()) cluster.advance(cluster.nextEventMs());
  return cluster.jobs.firstStartMs.map((startMs, row) => startMs - cluster.jobs.submitMs[row]!);
}

/** Waits by Kiefer & Wolfowitz: each customer goes to the server that is free first. */
export function waitsByRecursion(customers: Customers, servers: number): Float64Array {
  const { arrivalMs, serviceMs } = customers;
  const freeAtMs = Array.from({ length: servers }, () => 0);
  return arrivalMs.map((atMs, customer) => {
    const first = freeAtMs.indexOf(Math.min(...freeAtMs));
    const startMs = Math.max(atMs, freeAtMs[first]!);
    freeAtMs[first] = startMs + serviceMs[customer]!;
    return startMs - atMs;
  });
}
