/** `/metrics`: counts for a monitor, in the text format of Prometheus. Nothing names a party. */
import type { GatewayStatus } from './gateway.ts';
import type { Gauge } from './service-facade.ts';

/** Upper bounds of the latency histogram, in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** Answers by method, route and status, and how long they took. */
export class HttpMetrics {
  readonly #answers = new Map<string, number>();
  readonly #buckets = new Map<string, number[]>();

  /** @param route the pattern, not the path: a path names objects */
  count(method: string, route: string, status: number, seconds: number): void {
    const labels = `method="${method}",route="${route}"`;
    const answer = `${labels},status="${status}"`;
    this.#answers.set(answer, (this.#answers.get(answer) ?? 0) + 1);
    let counts = this.#buckets.get(labels);
    if (!counts) {
      // One for each bound, then those above all, then the sum.
      counts = new Array<number>(BUCKETS.length + 2).fill(0);
      this.#buckets.set(labels, counts);
    }
    const found = BUCKETS.findIndex((bound) => seconds <= bound);
    counts[found < 0 ? BUCKETS.length : found]! += 1;
    counts[BUCKETS.length + 1]! += seconds;
  }

  text(status: GatewayStatus, openStreams: number): string {
    const lines = [
      ...metric('ocx_running', 'gauge', [['', status.isRunning ? 1 : 0]]),
      ...metric('ocx_epoch', 'gauge', [['', status.epoch]]),
      ...metric('ocx_requests_waiting', 'gauge', [['', status.waiting]]),
      ...metric('ocx_events_total', 'counter', [['', status.events]]),
      ...metric('ocx_events_durable_total', 'counter', [['', status.durable]]),
      ...metric('ocx_refusals_total', 'counter', [['', status.refused]]),
      ...metric('ocx_event_streams', 'gauge', [['', openStreams]]),
      ...gaugeLines(status.gauges),
      ...metric('ocx_http_answers_total', 'counter', [...this.#answers]),
      ...this.#histogram('ocx_http_answer_seconds'),
    ];
    return `${lines.join('\n')}\n`;
  }

  #histogram(name: string): string[] {
    const lines = [`# TYPE ${name} histogram`];
    for (const [labels, counts] of this.#buckets) {
      let sum = 0;
      for (const [index, bound] of BUCKETS.entries()) {
        sum += counts[index]!;
        lines.push(`${name}_bucket{${labels},le="${bound}"} ${sum}`);
      }
      sum += counts[BUCKETS.length]!;
      lines.push(`${name}_bucket{${labels},le="+Inf"} ${sum}`);
      lines.push(`${name}_sum{${labels}} ${counts[BUCKETS.length + 1]}`);
      lines.push(`${name}_count{${labels}} ${sum}`);
    }
    return lines;
  }
}

/** Gauges of one name stand together. */
function gaugeLines(gauges: readonly Gauge[]): string[] {
  const byName = Map.groupBy(gauges, ({ name }) => name);
  return [...byName].flatMap(([name, values]) =>
    metric(
      name,
      'gauge',
      values.map(({ labels, value }) => [labels, value] as const),
    ),
  );
}

function metric(
  name: string,
  type: 'gauge' | 'counter',
  values: readonly (readonly [labels: string, value: number])[],
): string[] {
  const lines = values.map(([labels, value]) => `${name}${labels && `{${labels}}`} ${value}`);
  return [`# TYPE ${name} ${type}`, ...lines];
}
