/** The contract of BMC drivers with the real `ipmitool` and a real implementation of IPMI. */
import test from 'ava';
import { Bmc } from '../../backends/bmc/bmc.ts';
import { wipeNode } from '../../backends/bmc/wipe.ts';
import { Ipmi } from '../../backends/bmc/ipmi/ipmi.ts';
import { bmcContract } from '../contract/bmc-contract.ts';
import type { BmcKind } from '../contract/bmc-contract.ts';
import { IPMI_CREDENTIALS, missingProgram, startIpmiSim } from './support/ipmi-sim.ts';

const ADDRESS = {
  host: '127.0.0.1',
  allowedHosts: ['127.0.0.1'],
  // ipmi_sim has no SHA-256.
  cipherSuite: 3,
  runMs: 8000,
  ...IPMI_CREDENTIALS,
};
const TIMINGS = {
  pollMs: 50,
  readings: 2,
  resendMs: 1000,
  sends: 4,
  softOffMs: 1000,
  actionMs: 60_000,
};
/** Longer than one run of ipmitool goes on asking. */
const HALT_MS = 1500;

const KIND: BmcKind = {
  name: 'ipmi_sim',
  faults: new Set(['dropped', 'late', 'lies', 'offEarly', 'hangs', 'forgetsBoot']),
  hasMedia: false,
  open: async (between = (protocol) => protocol) => {
    const sim = await startIpmiSim();
    const bmc = new Bmc(between(new Ipmi({ ...ADDRESS, port: sim.port })), TIMINGS);
    return {
      bmc,
      patienceMs: 6000,
      isOn: async () => sim.folder.isOn(),
      boots: async () => sim.folder.boots(),
      powerRequests: async () => sim.folder.lines('asked').length,
      inject: async (fault, times) => {
        if (fault !== 'hangs') return sim.folder.inject(fault, times);
        sim.halt(times > 0);
        if (times === 1) setTimeout(() => sim.halt(false), HALT_MS);
      },
      close: async () => {
        await bmc.close();
        await sim.close();
      },
    };
  },
};

const missing = missingProgram('ipmitool', 'ipmi_sim');
if (missing === null) {
  // ipmi_sim has no console without a line to put on it, and no inventory.
  const left = ['the console link and the inventory hold what the BMC says'];
  bmcContract(KIND, test.serial, left);

  test.serial(
    'ipmi_sim: a wipe takes access from every other user, and claims no more',
    async (t) => {
      const place = await KIND.open();
      t.teardown(() => place.close());
      const plan = { offMs: 200, keptAccounts: [], drives: 'none', firmware: 'fixed' } as const;
      await place.bmc.powerOn();
      await place.bmc.setBootDevice('network');
      t.deepEqual(await place.bmc.readAccounts(), { status: 'ok', value: ['left'] });
      const wiped = await wipeNode(place.bmc, plan, AbortSignal.timeout(60_000));
      const value = { memoryScrubbed: true, disksErased: true, bmcReset: true };
      t.deepEqual(wiped, { status: 'ok', value });
      t.false(await place.isOn());
      t.deepEqual(await place.bmc.readAccounts(), { status: 'ok', value: [] });
      t.deepEqual(await place.bmc.readBootDevice(), { status: 'ok', value: 'none' });
      const strict = { ...plan, drives: 'erase', firmware: 'reset' } as const;
      const partly = await wipeNode(place.bmc, strict, AbortSignal.timeout(60_000));
      t.deepEqual(partly, {
        status: 'ok',
        value: { memoryScrubbed: true, disksErased: false, bmcReset: false },
      });
    },
  );

  test.serial(
    'a BMC without a console and an inventory is told from one that is broken',
    async (t) => {
      const place = await KIND.open();
      t.teardown(() => place.close());
      t.like(await place.bmc.console(), { error: { code: 'DEVICE_UNSUPPORTED' } });
      t.like(await place.bmc.inventory(), { error: { code: 'DEVICE_REFUSED' } });
    },
  );

  test.serial('a wrong password switches nothing', async (t) => {
    const sim = await startIpmiSim();
    t.teardown(() => sim.close());
    const bmc = new Bmc(new Ipmi({ ...ADDRESS, port: sim.port, password: 'wrong' }), TIMINGS);
    const outcome = await bmc.powerOn(AbortSignal.timeout(3000));
    t.is(outcome.status, 'noEffect');
    t.deepEqual(sim.folder.lines('asked'), []);
  });
} else {
  test.skip(`${missing} is not installed (apt-get install ipmitool openipmi)`, () => undefined);
}
