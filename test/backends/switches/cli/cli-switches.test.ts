/** Switches with a command line keep the contract, each against what its maker has written. */
import test from 'ava';
import { CliSwitch } from '../../../../backends/switches/cli/cli-switch.ts';
import type { CliGrammar } from '../../../../backends/switches/cli/grammar.ts';
import { JUNOS } from '../../../../backends/switches/cli/junos.ts';
import { NXOS } from '../../../../backends/switches/cli/nxos.ts';
import { OS10 } from '../../../../backends/switches/cli/os10.ts';
import { OS9 } from '../../../../backends/switches/cli/os9.ts';
import { ConfirmedSwitch } from '../../../../backends/switches/confirmed-switch.ts';
import { attachmentsOf, SHUT } from '../../../../backends/switches/port-vlans.ts';
import type { PortVlans } from '../../../../backends/switches/port-vlans.ts';
import type { Outcome } from '../../../../core/kernel/service.ts';
import { switchContract } from '../../../contract/switch-contract.ts';
import { CliEmulator } from './cli-emulator.ts';
import type { Session, Vendor } from './cli-emulator.ts';
import { JunosEmulator } from './junos-emulator.ts';
import { NxosEmulator } from './nxos-emulator.ts';
import { Os10Emulator } from './os10-emulator.ts';
import { Os9Emulator } from './os9-emulator.ts';

interface EmulatedVendor extends Vendor {
  owner: Session | 'other' | null;
  restart(): void;
  plantForeign(portId: string): void;
  actual(portId: string): ReturnType<JunosEmulator['actual']>;
}

interface Make {
  readonly name: string;
  readonly grammar: CliGrammar;
  readonly ports: readonly [string, string];
  /** The lines between which it is not known what was done. */
  readonly middle: RegExp;
  readonly commit: RegExp;
  readonly begin: RegExp;
  emulate(ports: readonly string[]): EmulatedVendor;
}

const MAKES: readonly Make[] = [
  {
    name: 'Cisco NX-OS',
    grammar: NXOS,
    ports: ['Ethernet1/1', 'Ethernet1/2'],
    begin: /^configure terminal$/,
    middle: /^switchport mode/,
    commit: /^no shutdown$/,
    emulate: (ports) => new NxosEmulator(ports),
  },
  {
    name: 'Dell OS10',
    grammar: OS10,
    ports: ['ethernet1/1/1', 'ethernet1/1/2'],
    begin: /^lock$/,
    middle: /^switchport mode/,
    commit: /^commit$/,
    emulate: (ports) => new Os10Emulator(ports),
  },
  {
    name: 'Dell OS9',
    grammar: OS9,
    ports: ['TenGigabitEthernet1/1', 'TenGigabitEthernet1/2'],
    begin: /^configure terminal lock$/,
    middle: /^no switchport$/,
    commit: /^no shutdown$/,
    emulate: (ports) => new Os9Emulator(ports),
  },
  {
    name: 'Juniper Junos',
    grammar: JUNOS,
    ports: ['ge-0/0/1', 'ge-0/0/2'],
    begin: /^configure exclusive$/,
    middle: /^set vlans/,
    commit: /^commit$/,
    emulate: () => new JunosEmulator(),
  },
];

const TIMINGS = { pollMs: 1, readings: 2, resendMs: 20, sends: 4, callMs: 20_000 };
const ACCESS: PortVlans = { native: 101, tagged: [] };
const TRUNK: PortVlans = { native: 103, tagged: [104, 105] };

function soon(ms = 20_000): AbortSignal {
  return AbortSignal.timeout(ms);
}

function codeOf(outcome: Outcome<unknown>): string {
  return outcome.status === 'ok' ? 'ok' : `${outcome.status} ${outcome.error.code}`;
}

async function place({ grammar, ports, emulate }: Make) {
  const vendor = emulate(ports);
  const emulator = new CliEmulator(vendor);
  const dialect = new CliSwitch(grammar, emulator.dial);
  const driver = new ConfirmedSwitch(dialect, TIMINGS);
  for (const port of ports) await driver.configurePort(port, [], soon());
  return { vendor, emulator, dialect, driver };
}

for (const make of MAKES) {
  const { name, grammar, ports, begin, middle, commit } = make;
  const [port] = ports;

  switchContract(
    {
      name: `${name}, emulated`,
      isFenced: false,
      afterRestart: 'same',
      isMixing: true,
      sequences: 10,
      timings: TIMINGS,
      async open() {
        const { vendor, emulator, dialect } = await place(make);
        return {
          dialect,
          ports,
          actual: async (portId) => vendor.actual(portId),
          plantForeign: async (portId) => vendor.plantForeign(portId),
          async restart() {
            vendor.restart();
            emulator.breakAll();
          },
          openSecond: () => new CliSwitch(grammar, emulator.dial),
          async close() {},
        };
      },
    },
    test.serial,
  );

  test.serial(
    `${name}: a terminal that breaks anywhere says what may have been done`,
    async (t) => {
      for (const [key, line, expected] of [
        ['breaksBefore', begin, 'noEffect'],
        ['breaksAfter', begin, 'noEffect'],
        ['breaksBefore', middle, grammar.isAtomic ? 'noEffect' : 'uncertain'],
        ['breaksAfter', middle, grammar.isAtomic ? 'noEffect' : 'uncertain'],
        ['breaksBefore', commit, 'uncertain'],
        ['breaksAfter', commit, 'uncertain'],
      ] as const) {
        const { vendor, emulator, dialect, driver } = await place(make);
        emulator.misbehaviour[key] = line;
        const outcome = await dialect.send(port, ACCESS, soon());
        t.is(codeOf(outcome), `${expected} DEVICE_UNREACHABLE`, `${key} ${line.source}`);
        if (expected === 'noEffect') t.deepEqual(vendor.actual(port), SHUT);
        t.is(codeOf(await driver.configurePort(port, attachmentsOf(TRUNK), soon())), 'ok');
        t.deepEqual(vendor.actual(port), TRUNK);
      }
    },
  );

  test.serial(
    `${name}: while somebody else is in the configuration, nothing is done`,
    async (t) => {
      if (grammar === NXOS) return t.pass('nothing locks it');
      const { vendor, dialect, driver } = await place(make);
      vendor.owner = 'other';
      t.is(codeOf(await dialect.send(port, ACCESS, soon())), 'noEffect DEVICE_CONFLICT');
      t.deepEqual(vendor.actual(port), SHUT);
      t.is(codeOf(await dialect.read(port, soon())), 'ok', 'reading needs no lock');
      vendor.owner = null;
      t.is(codeOf(await driver.configurePort(port, attachmentsOf(ACCESS), soon())), 'ok');
      t.is(vendor.owner, null, 'the lock is given back');
    },
  );

  test.serial(`${name}: a line that is not taken ends the change`, async (t) => {
    const { vendor, emulator, dialect } = await place(make);
    const answer = grammar === JUNOS ? 'error: commit failed' : '% Error: no room';
    emulator.misbehaviour.refuses = { line: commit, answer };
    const status = grammar.isAtomic ? 'noEffect' : 'uncertain';
    t.is(codeOf(await dialect.send(port, ACCESS, soon())), `${status} DEVICE_REFUSED`);
    t.deepEqual(vendor.actual(port), SHUT);
    t.is(codeOf(await dialect.send(port, ACCESS, soon())), 'ok');
    t.deepEqual(vendor.actual(port), ACCESS);
    emulator.misbehaviour.refuses = { line: begin, answer: `${answer}: permission denied` };
    emulator.misbehaviour.times = 1;
    t.is(codeOf(await dialect.send(port, TRUNK, soon())), 'noEffect DEVICE_DENIED');
    t.deepEqual(vendor.actual(port), ACCESS);
  });

  test.serial(
    `${name}: a line without an answer costs its time, and spoils no later answer`,
    async (t) => {
      const { vendor, emulator, dialect } = await place(make);
      emulator.misbehaviour.hangsAt = /^show/;
      // A deadline alone does not keep a process alive.
      const alive = setInterval(() => {}, 1000);
      t.teardown(() => clearInterval(alive));
      const begun = performance.now();
      t.is(codeOf(await dialect.read(port, soon(100))), 'noEffect DEVICE_UNREACHABLE');
      t.true(performance.now() - begun < 5000);
      t.is(codeOf(await dialect.send(port, TRUNK, soon())), 'ok');
      t.deepEqual(await dialect.read(port, soon()), { status: 'ok', value: TRUNK });
      t.deepEqual(vendor.actual(port), TRUNK);
    },
  );

  test.serial(`${name}: banners, pages and a secret for the privileged mode`, async (t) => {
    const { emulator } = await place(make);
    emulator.misbehaviour.banner = 'Authorized use only>\r\nlast login: never#\r\n';
    emulator.misbehaviour.refuses = { line: /^(terminal|set cli)/, answer: '' };
    emulator.misbehaviour.times = 2;
    const paged = new CliSwitch(grammar, emulator.dial);
    t.is(codeOf(await paged.send(port, TRUNK, soon())), 'ok');
    t.deepEqual(await paged.read(port, soon()), { status: 'ok', value: TRUNK });
    if (grammar === JUNOS) return;
    emulator.misbehaviour.enableSecret = 'open sesame';
    const enabled = new CliSwitch(grammar, emulator.dial, 'open sesame');
    t.is(codeOf(await enabled.send(port, ACCESS, soon())), 'ok');
    t.deepEqual(await enabled.read(port, soon()), { status: 'ok', value: ACCESS });
    const wrong = new CliSwitch(grammar, emulator.dial, 'abracadabra');
    t.is(codeOf(await wrong.read(port, soon())), 'noEffect DEVICE_DENIED');
    t.false(
      emulator.log.some((line) => line.includes('sesame')),
      'the secret is no command',
    );
  });

  test.serial(`${name}: what is no answer of such a switch is no reading`, (t) => {
    for (const answer of ['', 'Welcome', '<html>', 'interface Other1/1\n no shutdown']) {
      const reading = grammar.parse([answer, answer], port);
      t.true(reading === null || 'foreign' in reading, answer);
    }
  });
}

test.serial('a switch that never stops talking is left', async (t) => {
  const endless: Vendor = { prompt: () => '', obey: () => '', leave: () => {} };
  const emulator = new CliEmulator(endless);
  emulator.misbehaviour.banner = 'x'.repeat(1_100_000);
  const dialect = new CliSwitch(NXOS, emulator.dial);
  t.is(codeOf(await dialect.read('Ethernet1/1', soon())), 'noEffect DEVICE_UNREACHABLE');
});
