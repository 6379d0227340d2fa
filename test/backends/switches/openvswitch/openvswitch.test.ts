/** The driver of Open vSwitch keeps the contract, and what only it has to keep. */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { ConfirmedSwitch } from '../../../../backends/switches/confirmed-switch.ts';
import { JsonStream } from '../../../../backends/switches/openvswitch/json-stream.ts';
import { readingOfPort } from '../../../../backends/switches/openvswitch/rows.ts';
import { OpenVswitch } from '../../../../backends/switches/openvswitch/openvswitch.ts';
import { parseOvsdbAddress } from '../../../../backends/switches/openvswitch/session.ts';
import type { SwitchDialect } from '../../../../backends/switches/dialect.ts';
import type { Outcome } from '../../../../core/kernel/service.ts';
import { brokenCases, switchContract } from '../../../contract/switch-contract.ts';
import { EMULATED, HASTY, openEmulated } from './emulated.ts';

switchContract(EMULATED, test.serial);

const ACCESS = { native: 101, tagged: [] };
const OTHER = { native: 102, tagged: [] };

/** For what can succeed. */
function soon(ms = 20_000): AbortSignal {
  return AbortSignal.timeout(ms);
}

function codeOf(outcome: Outcome<unknown>): string {
  return outcome.status === 'ok' ? 'ok' : `${outcome.status} ${outcome.error.code}`;
}

for (const claims of [true, false]) {
  test.serial(
    `what a hung database still has to do does not land behind a read-back (claims: ${claims})`,
    async (t) => {
      const place = await openEmulated();
      t.teardown(() => place.close());
      const { emulator, dialect, ports } = place;
      const [port] = ports;
      if (claims) dialect.claim(1);
      t.is(codeOf(await dialect.send(port, ACCESS, soon())), 'ok');
      emulator.holdsOn = '"update"';
      t.is(codeOf(await dialect.send(port, OTHER, soon(300))), 'uncertain DEVICE_UNREACHABLE');
      t.deepEqual(await dialect.read(port, soon()), { status: 'ok', value: ACCESS });
      emulator.release();
      await sleep(20);
      t.true(emulator.log.some((message) => JSON.stringify(message).includes('"update"')));
      t.deepEqual(await place.actual(port), ACCESS);
    },
  );
}

test.serial(
  'a second process takes the lock, and the first keeps out of it from then on',
  async (t) => {
    const place = await openEmulated();
    t.teardown(() => place.close());
    const { dialect, ports } = place;
    const [port] = ports;
    t.is(codeOf(await dialect.send(port, ACCESS, soon())), 'ok');
    t.is(codeOf(await place.openSecond().read(port, soon())), 'ok');
    t.is(codeOf(await dialect.send(port, OTHER, soon())), 'noEffect DEVICE_FENCED');
    t.is(codeOf(await dialect.read(port, soon())), 'noEffect DEVICE_FENCED');
    t.deepEqual(await place.actual(port), ACCESS);
  },
);

test.serial(
  'the later leader keeps the switch where an earlier one takes the lock away',
  async (t) => {
    const place = await openEmulated();
    t.teardown(() => place.close());
    const { dialect, emulator, ports } = place;
    const [port] = ports;
    dialect.claim(7);
    t.is(codeOf(await dialect.send(port, ACCESS, soon())), 'ok');
    // One without a claim, as an older version would be.
    t.is(codeOf(await place.openSecond().read(port, soon())), 'ok');
    const driver = new ConfirmedSwitch(dialect, HASTY);
    const wanted = [{ networkId: 102, channel: 'vlan/native' }];
    t.is(codeOf(await driver.configurePort(port, wanted, soon())), 'ok');
    const external = emulator.tables['Bridge']![0]!['external_ids'];
    t.deepEqual(external, ['map', [['ocx-epoch', '7']]]);
  },
);

test.serial('what the database wants does not count before the daemon has got there', async (t) => {
  const place = await openEmulated();
  t.teardown(() => place.close());
  const { dialect, emulator, ports } = place;
  const [port] = ports;
  t.is(codeOf(await dialect.send(port, ACCESS, soon())), 'ok');
  emulator.isDaemonDead = true;
  t.is(codeOf(await dialect.send(port, OTHER, soon())), 'ok');
  t.is(codeOf(await dialect.read(port, soon(300))), 'noEffect DEVICE_UNREACHABLE');
  const reading = dialect.read(port, soon());
  await sleep(50);
  emulator.applied();
  t.deepEqual(await reading, { status: 'ok', value: OTHER });
});

test.serial(
  'a port without an interface, on another bridge or on no bridge is said to be so',
  async (t) => {
    const place = await openEmulated();
    t.teardown(() => place.close());
    const { dialect, emulator } = place;
    t.is(codeOf(await dialect.send('absent', ACCESS, soon())), 'ok');
    const seen = await dialect.read('absent', soon());
    t.true(seen.status === 'ok' && 'foreign' in seen.value);
    const other = new OpenVswitch({ address: emulator.address, bridge: 'br1' });
    t.teardown(() => other.close());
    t.is(codeOf(await other.send('absent', OTHER, soon())), 'noEffect DEVICE_UNSUPPORTED');
    const there = await other.read('absent', soon());
    t.true(there.status === 'ok' && 'foreign' in there.value);
    const none = new OpenVswitch({ address: emulator.address, bridge: 'br2' });
    t.is(codeOf(await none.read('eth-1', soon())), 'noEffect DEVICE_UNSUPPORTED');
  },
);

test.serial('a server that is not there or speaks something else is an outcome', async (t) => {
  const gone = new OpenVswitch({ address: { path: '/nowhere/db.sock' }, bridge: 'br0' });
  t.is(codeOf(await gone.read('eth-1', soon())), 'noEffect DEVICE_UNREACHABLE');
  t.is(codeOf(await gone.send('eth-1', ACCESS, soon())), 'noEffect DEVICE_UNREACHABLE');
  const place = await openEmulated();
  t.teardown(() => place.close());
  for (const noise of [
    'HTTP/1.1 400 Bad Request\r\n\r\n{}}',
    '['.repeat(40),
    '{"id":0,"result":7}',
  ]) {
    place.emulator.noise = noise;
    t.regex(codeOf(await place.openSecond().read('eth-1', soon(500))), /^noEffect DEVICE_/);
  }
});

test.serial('values on a stream are told apart wherever it is cut', (t) => {
  const text = '{"a":"}{\\"","b":[1,{}]}[1]{"é":"\\\\"}';
  for (let cut = 0; cut <= text.length; cut++) {
    const stream = new JsonStream();
    const values = [text.slice(0, cut), text.slice(cut)].flatMap((part) => stream.take(part)!);
    t.deepEqual(values, [{ a: '}{"', b: [1, {}] }, [1], { é: '\\' }]);
  }
  t.is(new JsonStream().take('['.repeat(33)), null);
  t.is(new JsonStream().take(`["${'a'.repeat(1_100_000)}`), null);
  t.is(new JsonStream().take('}'), null);
});

test.serial('modes of a port mean what the switch does with them', (t) => {
  const port = (columns: object) => readingOfPort({ interfaces: ['uuid', 'i'], ...columns });
  const set = (...values: unknown[]) => ['set', values];
  t.deepEqual(port({ tag: 5, trunks: set(), vlan_mode: set() }), { native: 5, tagged: [] });
  t.deepEqual(port({ tag: 5, trunks: set(6, 7), vlan_mode: 'access' }), { native: 5, tagged: [] });
  t.deepEqual(port({ tag: set(), trunks: 9, vlan_mode: set() }), { native: null, tagged: [9] });
  t.deepEqual(port({ tag: 5, trunks: set(9, 5, 7), vlan_mode: 'native-untagged' }), {
    native: 5,
    tagged: [7, 9],
  });
  for (const foreign of [
    { tag: set(), trunks: set(), vlan_mode: set() },
    { tag: set(), trunks: set(), vlan_mode: 'access' },
    { tag: 0, trunks: set(), vlan_mode: 'access' },
    { tag: 5, trunks: set(), vlan_mode: 'native-untagged' },
    { tag: 5, trunks: set(6), vlan_mode: 'native-tagged' },
    { tag: 5, trunks: set(), vlan_mode: 'dot1q-tunnel' },
    { tag: set(), trunks: set(0, 6), vlan_mode: 'trunk' },
    { tag: 5, trunks: set(), vlan_mode: 'access', interfaces: set(['uuid', 'i'], ['uuid', 'j']) },
  ]) {
    t.true('foreign' in port(foreign), JSON.stringify(foreign));
  }
});

test.serial('addresses', (t) => {
  t.deepEqual(parseOvsdbAddress('unix:/run/db.sock'), { path: '/run/db.sock' });
  t.deepEqual(parseOvsdbAddress('tcp:[::1]:6640'), { host: '::1', port: 6640 });
  for (const text of ['', 'unix:db.sock', 'ssl:a:1', 'tcp:a', 'tcp:a:1 b']) {
    t.is(parseOvsdbAddress(text), null);
  }
});

test.serial('drivers that do not keep the contract are caught', async (t) => {
  const kind = { ...EMULATED, sequences: 15, timings: { ...HASTY, callMs: 500 } };
  const believes = await brokenCases(kind, (dialect) => {
    const said = new Map<string, object>();
    return changed(dialect, {
      async send(portId, vlans, signal) {
        const sent = await dialect.send(portId, vlans, signal);
        if (sent.status === 'ok') said.set(portId, vlans);
        return sent;
      },
      async read(portId, signal) {
        const value = said.get(portId) as typeof ACCESS | undefined;
        return value ? { status: 'ok', value } : dialect.read(portId, signal);
      },
    });
  });
  for (const title of [
    'half a change is found and made whole',
    'a change that did not happen is asked for again',
    'what somebody else has changed is changed back',
    'a state that nobody here has made is said, and can be changed',
    'a switch that always does this is never believed: doesNothing',
  ]) {
    t.true(believes.includes(title), title);
  }
  const addsOnly = await brokenCases(kind, (dialect) =>
    changed(dialect, {
      async send(portId, vlans, signal) {
        const isShut = vlans.native === null && vlans.tagged.length === 0;
        return isShut ? { status: 'ok', value: undefined } : dialect.send(portId, vlans, signal);
      },
    }),
  );
  t.true(addsOnly.includes('a port becomes every kind of port, from every other'));
  t.true(addsOnly.includes('random sequences leave each port as a model has it'));
});

function changed(dialect: SwitchDialect, methods: Partial<SwitchDialect>): SwitchDialect {
  return {
    portName: dialect.portName,
    read: (...call) => dialect.read(...call),
    send: (...call) => dialect.send(...call),
    claim: (epoch) => dialect.claim(epoch),
    close: () => dialect.close(),
    ...methods,
  };
}
