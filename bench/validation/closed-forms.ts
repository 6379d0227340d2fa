/**
 * What queueing theory says of the mean wait in stations with Poisson arrivals and first come,
 * first served. Rates are per second, waits seconds.
 */

/** Chance that an arrival at M/M/c has to wait (Erlang 1917, "Erlang C"). @param load λ/μ < servers */
export function erlangC(servers: number, load: number): number {
  // Erlang B by its recursion, which stays in [0, 1]; C follows from it.
  let blocked = 1;
  for (let i = 1; i <= servers; i++) blocked = (load * blocked) / (i + load * blocked);
  return (servers * blocked) / (servers - load * (1 - blocked));
}

/** Mean wait at M/M/c. */
export function waitMMc(arrivalRate: number, meanService: number, servers: number): number {
  const load = arrivalRate * meanService;
  return (erlangC(servers, load) * meanService) / (servers - load);
}

/** Mean wait at M/G/1 (Pollaczek 1930, Khinchine 1932). @param secondMoment of the service time */
export function waitMG1(arrivalRate: number, meanService: number, secondMoment: number): number {
  return (arrivalRate * secondMoment) / (2 * (1 - arrivalRate * meanService));
}

/** Chance to wait longer than `t` at M/M/c; exponential beyond 0. */
export function waitTailMMc(
  arrivalRate: number,
  meanService: number,
  servers: number,
  t: number,
): number {
  const load = arrivalRate * meanService;
  return erlangC(servers, load) * Math.exp((-(servers - load) * t) / meanService);
}
