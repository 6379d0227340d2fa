/**
 * What every driver of a BMC must keep, whatever it speaks. A driver's own test file calls this with
 * a way to open a BMC that can be told to fail, and a node behind it that can be looked at without
 * asking the BMC.
 */
import assert from 'node:assert/strict';
import type { ExecutionContext } from 'ava';
import type { Bmc } from '../../backends/bmc/bmc.ts';
import type { BmcProtocol } from '../../backends/bmc/protocol.ts';
import type { Outcome } from '../../core/kernel/service.ts';

/** Faults that a BMC of any kind can have. */
export type ContractFault =
  'dropped' | 'late' | 'lies' | 'offEarly' | 'lostReply' | 'refuses' | 'hangs' | 'forgetsBoot';

export interface BmcPlace {
  readonly bmc: Bmc;
  /** How long an action is given that cannot succeed. */
  readonly patienceMs: number;
  /** The node itself, not as the BMC has it. */
  isOn(): Promise<boolean>;
  /** What each boot so far used; null: the node's own order. */
  boots(): Promise<readonly ('network' | 'disk' | 'media' | null)[]>;
  /** How many requests for another power state have reached the BMC. */
  powerRequests(): Promise<number>;
  inject(fault: ContractFault, times: number): Promise<void>;
  close(): Promise<void>;
}

/** Puts something between the driver and the protocol. */
export type Between = (protocol: BmcProtocol) => BmcProtocol;

export interface BmcKind {
  readonly name: string;
  readonly faults: ReadonlySet<ContractFault>;
  readonly hasMedia: boolean;
  open(between?: Between): Promise<BmcPlace>;
}

export interface ContractCase {
  readonly title: string;
  readonly faults: readonly ContractFault[];
  run(place: BmcPlace): Promise<void>;
}

const FOREVER = 1_000_000;

function isOk(outcome: Outcome<unknown>): void {
  assert.equal<string>(outcome.status, 'ok', JSON.stringify(outcome));
}

function failed(outcome: Outcome<unknown>, status: 'noEffect' | 'uncertain'): void {
  if (outcome.status === 'ok') assert.fail('it was reported as done');
  assert.equal(outcome.status, status, JSON.stringify(outcome));
  assert.match(outcome.error.code, /^DEVICE_[A-Z_]+$/);
  assert.match(outcome.error.message, /^[^\n\r]{1,400}$/);
}

const CASES: readonly ContractCase[] = [
  {
    title: 'a node is switched on and off',
    faults: [],
    async run({ bmc, isOn }) {
      isOk(await bmc.powerOn());
      assert.equal(await isOn(), true);
      assert.deepEqual(await bmc.readPower(), { status: 'ok', value: 'on' });
      isOk(await bmc.powerOff(true));
      assert.equal(await isOn(), false);
      assert.deepEqual(await bmc.readPower(), { status: 'ok', value: 'off' });
    },
  },
  {
    title: 'what is so already is not asked for again',
    faults: [],
    async run({ bmc, powerRequests, boots }) {
      isOk(await bmc.powerOff(true));
      isOk(await bmc.powerOn());
      const before = await powerRequests();
      isOk(await bmc.powerOn());
      assert.equal(await powerRequests(), before);
      assert.equal((await boots()).length, 1);
    },
  },
  {
    title: 'an operating system is asked before it is switched off',
    faults: [],
    async run({ bmc, isOn }) {
      isOk(await bmc.powerOn());
      isOk(await bmc.powerOff(false));
      assert.equal(await isOn(), false);
    },
  },
  {
    title: 'a power cycle boots once, whether the node was on or off',
    faults: [],
    async run({ bmc, isOn, boots }) {
      isOk(await bmc.powerCycle());
      assert.equal(await isOn(), true);
      isOk(await bmc.powerCycle());
      assert.equal(await isOn(), true);
      assert.equal((await boots()).length, 2);
    },
  },
  {
    title: 'a boot device is good for one boot',
    faults: [],
    async run({ bmc, boots }) {
      isOk(await bmc.setBootDevice('network'));
      assert.deepEqual(await bmc.readBootDevice(), { status: 'ok', value: 'network' });
      isOk(await bmc.powerOn());
      isOk(await bmc.powerCycle());
      assert.deepEqual(await boots(), ['network', null]);
    },
  },
  {
    title: 'a boot device can be taken back',
    faults: [],
    async run({ bmc, boots }) {
      isOk(await bmc.setBootDevice('disk'));
      isOk(await bmc.setBootDevice('none'));
      assert.deepEqual(await bmc.readBootDevice(), { status: 'ok', value: 'none' });
      isOk(await bmc.powerOn());
      assert.deepEqual(await boots(), [null]);
    },
  },
  {
    title: 'one thing is done at a time, in the order in which it was asked for',
    faults: [],
    async run({ bmc, isOn, boots }) {
      const all = [bmc.setBootDevice('network'), bmc.powerOn(), bmc.powerOff(true)];
      all.push(bmc.setBootDevice('disk'), bmc.powerCycle());
      for (const outcome of await Promise.all(all)) isOk(outcome);
      assert.equal(await isOn(), true);
      assert.deepEqual(await boots(), ['network', 'disk']);
    },
  },
  {
    title: 'what is asked for after its deadline is not begun',
    faults: [],
    async run({ bmc, powerRequests }) {
      failed(await bmc.powerOn(AbortSignal.abort()), 'noEffect');
      assert.equal(await powerRequests(), 0);
    },
  },
  {
    title: 'a request that the BMC drops is sent again',
    faults: ['dropped'],
    async run({ bmc, inject, isOn, powerRequests }) {
      await inject('dropped', 2);
      isOk(await bmc.powerOn());
      assert.equal(await isOn(), true);
      assert.equal(await powerRequests(), 3);
    },
  },
  {
    title: 'a change that comes late is waited for',
    faults: ['late'],
    async run({ bmc, inject, isOn }) {
      await inject('late', 1);
      isOk(await bmc.powerOn());
      assert.equal(await isOn(), true);
      await inject('late', 1);
      isOk(await bmc.powerOff(true));
      assert.equal(await isOn(), false);
    },
  },
  {
    title: 'a reading that lies is not believed at once',
    faults: ['lies'],
    async run({ bmc, inject, isOn }) {
      await inject('lies', 1);
      isOk(await bmc.powerOn());
      assert.equal(await isOn(), true);
      await inject('lies', 1);
      isOk(await bmc.powerOff(true));
      assert.equal(await isOn(), false);
    },
  },
  {
    title: 'a node that drops an on while it goes down is on after a cycle',
    faults: ['offEarly'],
    async run({ bmc, inject, isOn }) {
      isOk(await bmc.powerOn());
      await inject('offEarly', 1);
      isOk(await bmc.powerCycle());
      assert.equal(await isOn(), true);
    },
  },
  {
    title: 'a reply that is lost changes nothing about what happened',
    faults: ['lostReply'],
    async run({ bmc, inject, isOn, boots }) {
      await inject('lostReply', 1);
      isOk(await bmc.powerOn());
      assert.equal(await isOn(), true);
      assert.equal((await boots()).length, 1);
    },
  },
  {
    title: 'a BMC that does not answer once is asked again',
    faults: ['hangs'],
    async run({ bmc, inject, isOn }) {
      await inject('hangs', 1);
      isOk(await bmc.powerOn());
      assert.equal(await isOn(), true);
    },
  },
  {
    title: 'where every request was turned down, nothing has happened',
    faults: ['refuses'],
    async run({ bmc, inject, isOn, patienceMs }) {
      await inject('refuses', FOREVER);
      failed(await bmc.powerOn(AbortSignal.timeout(patienceMs)), 'noEffect');
      assert.equal(await isOn(), false);
    },
  },
  {
    title: 'a BMC that takes everything and does nothing is never believed',
    faults: ['dropped'],
    async run({ bmc, inject, isOn, patienceMs }) {
      isOk(await bmc.powerOn());
      await inject('dropped', FOREVER);
      failed(await bmc.powerOff(true, AbortSignal.timeout(patienceMs)), 'uncertain');
      assert.equal(await isOn(), true);
    },
  },
  {
    title: 'a BMC that never answers costs no more than its deadline, and holds up nothing later',
    faults: ['hangs'],
    async run({ bmc, inject, patienceMs }) {
      await inject('hangs', FOREVER);
      const begin = performance.now();
      failed(await bmc.powerOn(AbortSignal.timeout(patienceMs)), 'noEffect');
      assert.ok(performance.now() - begin < 5 * patienceMs + 2000);
      await inject('hangs', 0);
      isOk(await bmc.powerOn());
    },
  },
  {
    title: 'a boot device that the BMC forgets is set again',
    faults: ['forgetsBoot'],
    async run({ bmc, inject }) {
      await inject('forgetsBoot', 1);
      isOk(await bmc.setBootDevice('network'));
      assert.deepEqual(await bmc.readBootDevice(), { status: 'ok', value: 'network' });
    },
  },
  {
    title: 'a boot device that the BMC never keeps is never reported as set',
    faults: ['forgetsBoot'],
    async run({ bmc, inject, patienceMs }) {
      await inject('forgetsBoot', FOREVER);
      failed(await bmc.setBootDevice('network', AbortSignal.timeout(patienceMs)), 'uncertain');
    },
  },
  {
    title: 'the console link and the inventory hold what the BMC says',
    faults: [],
    async run({ bmc }) {
      const link = await bmc.console();
      isOk(link);
      assert.ok(link.status === 'ok' && link.value.host === '127.0.0.1' && link.value.port > 0);
      const inventory = await bmc.inventory();
      isOk(inventory);
      assert.ok(inventory.status === 'ok' && inventory.value.model !== null);
    },
  },
];

/** The cases that can be run on such a BMC. */
export function bmcCases({ faults }: Pick<BmcKind, 'faults'>): readonly ContractCase[] {
  return CASES.filter((one) => one.faults.every((fault) => faults.has(fault)));
}

/** `test` or `test.serial` */
type Register = (title: string, run: (t: ExecutionContext) => Promise<void>) => void;

/** Registers a test for each case. */
export function bmcContract(kind: BmcKind, test: Register, leaveOut: readonly string[] = []): void {
  for (const { title, run } of bmcCases(kind)) {
    if (leaveOut.includes(title)) continue;
    test(`${kind.name}: ${title}`, async (t) => {
      const place = await kind.open();
      t.teardown(() => place.close());
      await run(place);
      t.pass();
    });
  }
  test(`${kind.name}: a virtual drive takes an image, or the driver says that there is none`, async (t) => {
    const place = await kind.open();
    t.teardown(() => place.close());
    const set = await place.bmc.setMedia('http://127.0.0.1/a.iso');
    t.is(set.status, kind.hasMedia ? 'ok' : 'noEffect');
    t.is((await place.bmc.setMedia(null)).status, set.status);
  });
}

/** Titles of the cases that a driver with something in between does not keep. */
export async function brokenCases(kind: BmcKind, between: Between): Promise<string[]> {
  const broken = await Promise.all(
    bmcCases(kind).map(async ({ title, run }) => {
      const place = await kind.open(between);
      try {
        await run(place);
        return [];
      } catch {
        return [title];
      } finally {
        await place.close();
      }
    }),
  );
  return broken.flat();
}
