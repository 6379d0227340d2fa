/**
 * What every driver of a switch must keep, whatever it speaks. A driver's own test file calls this
 * with a way to open a switch that can be looked at, changed and started anew without the driver.
 */
import assert from 'node:assert/strict';
import type { ExecutionContext } from 'ava';
import fc from 'fast-check';
import { ConfirmedSwitch } from '../../backends/switches/confirmed-switch.ts';
import type { SwitchTimings } from '../../backends/switches/confirmed-switch.ts';
import type { SwitchDialect } from '../../backends/switches/dialect.ts';
import { attachmentsOf, SHUT } from '../../backends/switches/port-vlans.ts';
import type { PortReading, PortVlans } from '../../backends/switches/port-vlans.ts';
import type { SwitchDriver } from '../../backends/switches/protocol.ts';
import type { Attachment } from '../../core/allocator/state.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import { FaultySwitch } from './faulty-switch.ts';

/** A switch of some kind, and ways to it that are not the driver's. */
export interface SwitchPlace {
  readonly dialect: SwitchDialect;
  /** Two of its ports, both shut. */
  readonly ports: readonly [string, string];
  /** A port's VLANs as the switch itself has them. */
  actual(portId: string): Promise<PortReading>;
  /** Brings a port into a state that no driver leaves it in. */
  plantForeign(portId: string): Promise<void>;
  /** Takes its power away and gives it back. */
  restart(): Promise<void>;
  /** Another process's way to the same switch. */
  openSecond(): SwitchDialect;
  close(): Promise<void>;
}

export interface SwitchKind {
  readonly name: string;
  /** The switch turns down what earlier leaders send. */
  readonly isFenced: boolean;
  /** What is on the ports after the power was away. */
  readonly afterRestart: 'same' | 'shut';
  /** A network can be untagged on one port and tagged on another. */
  readonly isMixing: boolean;
  /** How many random sequences are run. */
  readonly sequences: number;
  readonly timings: SwitchTimings;
  open(): Promise<SwitchPlace>;
}

/** Puts something between the driver and what it speaks. */
export type Between = (dialect: SwitchDialect) => SwitchDialect;

interface Tools extends SwitchPlace {
  readonly driver: SwitchDriver;
  readonly kind: SwitchKind;
  readonly faulty: FaultySwitch;
  /** Has to become so. */
  reach(portId: string, vlans: PortVlans): Promise<void>;
}

interface ContractCase {
  readonly title: string;
  run(tools: Tools): Promise<void>;
}

const FOREVER = 1_000_000;
const ACCESS: PortVlans = { native: 101, tagged: [] };
const OTHER: PortVlans = { native: 102, tagged: [] };
const TRUNK: PortVlans = { native: 103, tagged: [104, 105] };
const TAGGED: PortVlans = { native: null, tagged: [101, 4094] };
const ALL = [ACCESS, OTHER, TRUNK, TAGGED, SHUT];

/** Long enough for what can succeed; a driver may set itself less. */
function ample(): AbortSignal {
  return AbortSignal.timeout(120_000);
}

/** Aborts once so many more changes were asked for, a moment later; to be stopped. */
function givenUpAfter(sends: number, faulty: FaultySwitch) {
  const controller = new AbortController();
  const until = faulty.sends + sends;
  const timer = setInterval(() => {
    if (faulty.sends < until) return;
    clearInterval(timer);
    setTimeout(() => controller.abort(), 20);
  }, 2);
  return { signal: controller.signal, stop: () => clearInterval(timer) };
}

function isOk(outcome: Outcome<unknown>): void {
  assert.equal<string>(outcome.status, 'ok', JSON.stringify(outcome));
}

function failed(outcome: Outcome<unknown>, status: 'noEffect' | 'uncertain', code?: string): void {
  if (outcome.status === 'ok') assert.fail('it was reported as done');
  assert.equal(outcome.status, status, JSON.stringify(outcome));
  assert.match(outcome.error.code, /^DEVICE_[A-Z_]+$/);
  if (code) assert.equal(outcome.error.code, code);
  assert.match(outcome.error.message, /^[^\n\r]{1,400}$/);
}

const CASES: readonly ContractCase[] = [
  {
    title: 'a port becomes every kind of port, from every other',
    async run({ reach, driver, ports: [port] }) {
      // Each follows each once: a de Bruijn sequence of words of two.
      const walk = ALL.flatMap((a, i) => [a, ...ALL.slice(i + 1).flatMap((b) => [a, b])]);
      for (const to of [...walk, ALL[0]!]) {
        await reach(port, to);
        const seen = await driver.readPort(port, ample());
        assert.deepEqual(seen, { status: 'ok', value: attachmentsOf(to) });
      }
    },
  },
  {
    title: 'what is so already is not asked for again',
    async run({ reach, faulty, ports: [port] }) {
      for (const vlans of ALL) {
        await reach(port, vlans);
        const before = faulty.sends;
        await reach(port, vlans);
        assert.equal(faulty.sends, before);
      }
    },
  },
  {
    title: 'the other port stays as it is',
    async run({ reach, actual, ports: [port, neighbour] }) {
      await reach(neighbour, TRUNK);
      for (const vlans of ALL) await reach(port, vlans);
      assert.deepEqual(await actual(neighbour), TRUNK);
    },
  },
  {
    title: 'what no port can be is never sent',
    async run({ reach, driver, faulty, actual, ports: [port] }) {
      await reach(port, ACCESS);
      const before = faulty.sends;
      const native = (networkId: number) => ({ networkId, channel: 'vlan/native' });
      const bad: readonly (readonly Attachment[])[] = [
        ...[0, 1, 4095, -5, 1.5, Number.NaN].map((id) => [native(id)]),
        [native(101), native(102)],
        [native(101), { networkId: 101, channel: 'vlan/101' }],
        [{ networkId: 101, channel: 'vlan/102' }],
        [{ networkId: 101, channel: 'vlan/101; reload' }],
      ];
      for (const attachments of bad) {
        failed(await driver.configurePort(port, attachments, ample()), 'noEffect');
      }
      for (const name of [
        '',
        ' ',
        `${port}\nreload`,
        `${port}; reload`,
        '$(reload)',
        '-n',
        '../1',
      ]) {
        failed(await driver.configurePort(name, attachmentsOf(ACCESS), ample()), 'noEffect');
        failed(await driver.readPort(name, ample()), 'noEffect');
      }
      assert.equal(faulty.sends, before);
      assert.deepEqual(await actual(port), ACCESS);
    },
  },
  {
    title: 'what is asked for after its deadline is not begun',
    async run({ driver, faulty, ports: [port] }) {
      const outcome = await driver.configurePort(port, attachmentsOf(ACCESS), AbortSignal.abort());
      failed(outcome, 'noEffect');
      assert.equal(faulty.sends, 0);
    },
  },
  {
    title: 'one thing is done at a time, in the order in which it was asked for',
    async run({ driver, actual, ports: [port] }) {
      const asked = [ACCESS, SHUT, TRUNK, OTHER, TAGGED];
      const all = asked.map((vlans) => driver.configurePort(port, attachmentsOf(vlans), ample()));
      for (const outcome of await Promise.all(all)) isOk(outcome);
      assert.deepEqual(await actual(port), TAGGED);
    },
  },
  ...(
    [
      ['appliesAndTimesOut', 'a change whose answer is lost is found by reading it back'],
      ['appliesHalf', 'half a change is found and made whole'],
      ['doesNothing', 'a change that did not happen is asked for again'],
      ['forgets', 'a change that is gone at the second look is asked for again'],
      ['lies', 'a reading that lies is not believed at once'],
      ['drops', 'a connection that breaks is made anew'],
      ['dropsReading', 'a reading that fails is taken again'],
      ['slow', 'a slow switch is waited for'],
      ['isMeddledWith', 'what somebody else has changed is changed back'],
      ['refuses', 'a switch that is locked is asked again'],
    ] as const
  ).map(([fault, title]): ContractCase => ({
    title,
    async run({ reach, faulty, ports: [port] }) {
      for (const vlans of [TRUNK, OTHER, SHUT]) {
        faulty.inject(fault, 1);
        await reach(port, vlans);
      }
    },
  })),
  ...(
    [
      ['doesNothing', 'uncertain'],
      ['lies', 'uncertain'],
      ['forgets', 'uncertain'],
      ['isMeddledWith', 'uncertain'],
      ['hangs', 'uncertain'],
      ['refuses', 'noEffect'],
      ['drops', 'noEffect'],
    ] as const
  ).map(([fault, status]): ContractCase => ({
    title: `a switch that always does this is never believed: ${fault}`,
    async run({ reach, driver, faulty, ports: [port] }) {
      await reach(port, ACCESS);
      faulty.inject(fault, FOREVER);
      const wanted = attachmentsOf(OTHER);
      const { signal, stop } = givenUpAfter(fault === 'hangs' ? 1 : 2, faulty);
      failed(await driver.configurePort(port, wanted, signal).finally(stop), status);
      faulty.inject(fault, 0);
      await reach(port, SHUT);
    },
  })),
  {
    title: 'a connection that has broken meanwhile does not spoil a reading',
    async run({ reach, driver, faulty, ports: [port] }) {
      await reach(port, ACCESS);
      faulty.inject('dropsReading', 1);
      isOk(await driver.readPort(port, ample()));
      faulty.inject('dropsReading', FOREVER);
      failed(await driver.readPort(port, ample()), 'noEffect');
    },
  },
  {
    title: 'a state that nobody here has made is said, and can be changed',
    async run({ reach, driver, plantForeign, ports: [port] }) {
      for (const vlans of [SHUT, TRUNK]) {
        await reach(port, ACCESS);
        await plantForeign(port);
        failed(await driver.readPort(port, ample()), 'uncertain', 'DEVICE_FOREIGN');
        await reach(port, vlans);
      }
    },
  },
  {
    title: 'a port is what it was, or shut, after the power was away',
    async run({ reach, driver, restart, kind, ports: [port, neighbour] }) {
      await reach(port, TRUNK);
      await reach(neighbour, ACCESS);
      await reach(neighbour, SHUT);
      await restart();
      const expected = kind.afterRestart === 'same' ? TRUNK : SHUT;
      for (const [name, vlans] of [
        [port, expected],
        [neighbour, SHUT],
      ] as const) {
        const seen = await driver.readPort(name, ample());
        assert.deepEqual(seen, { status: 'ok', value: attachmentsOf(vlans) });
      }
      await reach(port, OTHER);
    },
  },
  {
    title: 'random sequences leave each port as a model has it',
    async run({ driver, actual, kind, ports }) {
      const all = [2, 101, 102, 103, 4000, 4094];
      const untagged = kind.isMixing ? all : all.slice(0, 3);
      const native = fc.option(fc.constantFrom(...untagged), { nil: null });
      const others = fc.subarray(kind.isMixing ? all : all.slice(3));
      const any = fc.tuple(native, others).map(([id, tagged]): PortVlans => ({
        native: id,
        tagged: tagged.filter((other) => other !== id),
      }));
      const vlans = fc.oneof(
        { weight: 1, arbitrary: fc.constant(SHUT) },
        { weight: 3, arbitrary: any },
      );
      const steps = fc.array(fc.tuple(fc.nat(1), vlans), { minLength: 1, maxLength: 6 });
      const model = new Map<string, PortVlans>();
      const property = fc.asyncProperty(steps, async (sequence) => {
        for (const [index, wanted] of sequence) {
          const attachments = attachmentsOf(wanted);
          isOk(await driver.configurePort(ports[index]!, attachments.toReversed(), ample()));
          model.set(ports[index]!, wanted);
        }
        for (const [port, wanted] of model) {
          assert.deepEqual(await actual(port), wanted);
          const seen = await driver.readPort(port, ample());
          assert.deepEqual(seen, { status: 'ok', value: attachmentsOf(wanted) });
        }
      });
      await fc.assert(property, { numRuns: kind.sequences, seed: 7, endOnFailure: true });
    },
  },
  {
    title: 'who was superseded changes nothing any more, whatever it has on the way',
    async run({ reach, driver, kind, actual, openSecond, ports: [port] }) {
      driver.claim(3);
      await reach(port, ACCESS);
      const dialect = openSecond();
      const second = new ConfirmedSwitch(dialect, kind.timings);
      try {
        second.claim(4);
        isOk(await second.readPort(port, ample()));
        const late = await driver.configurePort(port, attachmentsOf(OTHER), ample());
        if (!kind.isFenced) return;
        failed(late, 'noEffect', 'DEVICE_FENCED');
        failed(await driver.readPort(port, ample()), 'noEffect', 'DEVICE_FENCED');
        assert.deepEqual(await actual(port), ACCESS);
        isOk(await second.configurePort(port, attachmentsOf(TRUNK), ample()));
        driver.claim(2);
        failed(await driver.readPort(port, ample()), 'noEffect', 'DEVICE_FENCED');
        driver.claim(5);
        await reach(port, SHUT);
        failed(await second.readPort(port, ample()), 'noEffect', 'DEVICE_FENCED');
      } finally {
        await second.close();
      }
    },
  },
];

async function withTools(
  kind: SwitchKind,
  between: Between,
  use: (tools: Tools) => Promise<void>,
): Promise<void> {
  const place = await kind.open();
  const faulty = new FaultySwitch(place.dialect);
  const driver = new ConfirmedSwitch(between(faulty), kind.timings);
  const reach = async (portId: string, vlans: PortVlans) => {
    isOk(await driver.configurePort(portId, attachmentsOf(vlans), ample()));
    assert.deepEqual(await place.actual(portId), vlans);
  };
  try {
    await use({ ...place, kind, faulty, driver, reach });
  } finally {
    await driver.close();
    await place.close();
  }
}

/** `test` or `test.serial` */
type Register = (title: string, run: (t: ExecutionContext) => Promise<void>) => void;

/** Registers a test for each case. */
export function switchContract(kind: SwitchKind, test: Register): void {
  for (const { title, run } of CASES) {
    test(`${kind.name}: ${title}`, async (t) => {
      await withTools(kind, (dialect) => dialect, run);
      t.pass();
    });
  }
}

/** Titles of the cases that a driver with something in between does not keep. */
export async function brokenCases(kind: SwitchKind, between: Between): Promise<string[]> {
  const broken = await Promise.all(
    CASES.map(async ({ title, run }) => {
      try {
        await withTools(kind, between, run);
        return [];
      } catch {
        return [title];
      }
    }),
  );
  return broken.flat();
}
