/** Faults of drivers that the contract must find: a suite that cannot fail shows nothing. */
import test from 'ava';
import { Bmc } from '../../../backends/bmc/bmc.ts';
import type { BmcProtocol, PowerReading } from '../../../backends/bmc/protocol.ts';
import { brokenCases } from '../../contract/bmc-contract.ts';
import type { Between } from '../../contract/bmc-contract.ts';
import { openEmulated, QUICK, REDFISH_KIND } from './emulated-bmc.ts';

/** Nobody waits long for a driver that is wrong. */
const HASTY = { ...QUICK, actionMs: 3000 };
const KIND = { ...REDFISH_KIND, open: (between?: Between) => openEmulated(between, {}, HASTY) };

/** Every method as it is but those that are given. */
function changed(protocol: BmcProtocol, methods: Partial<BmcProtocol>): BmcProtocol {
  const get = (target: BmcProtocol, name: keyof BmcProtocol) =>
    methods[name] ?? (target[name] as () => unknown).bind(target);
  return new Proxy(protocol, { get: get as ProxyHandler<BmcProtocol>['get'] & {} });
}

test('a driver that reports success without looking is caught', async (t) => {
  const broken = await brokenCases(KIND, (protocol) => {
    let said: PowerReading | null = null;
    return changed(protocol, {
      sendPower: async (request, signal) => {
        const sent = await protocol.sendPower(request, signal);
        if (sent.status === 'ok') said = request === 'on' ? 'on' : 'off';
        return sent;
      },
      readPower: async (signal) =>
        said === null ? protocol.readPower(signal) : { status: 'ok', value: said },
    });
  });
  for (const title of [
    'a request that the BMC drops is sent again',
    'a change that comes late is waited for',
    'a reading that lies is not believed at once',
    'a node that drops an on while it goes down is on after a cycle',
    'a BMC that takes everything and does nothing is never believed',
  ]) {
    t.true(broken.includes(title), title);
  }
  t.false(broken.includes('a node is switched on and off'), 'a good BMC does not show it');
});

test('a driver that does not read the boot device back is caught', async (t) => {
  const broken = await brokenCases(KIND, (protocol) => {
    let isSet = false;
    return changed(protocol, {
      sendBoot: async (...parameters) => {
        isSet = true;
        return protocol.sendBoot(...parameters);
      },
      readBoot: async (signal) =>
        isSet ? { status: 'ok', value: 'network' } : protocol.readBoot(signal),
    });
  });
  t.true(broken.includes('a boot device that the BMC never keeps is never reported as set'));
});

test('a driver that says nothing happened where a reply was lost is caught', async (t) => {
  const broken = await brokenCases(KIND, (protocol) =>
    changed(protocol, {
      sendPower: async (request, signal) => {
        await protocol.sendPower(request, signal);
        return { status: 'noEffect', error: { code: 'DEVICE_DENIED', message: 'no' } };
      },
    }),
  );
  t.true(broken.includes('a reply that is lost changes nothing about what happened'));
  t.true(broken.includes('a BMC that takes everything and does nothing is never believed'));
});

test('a driver that does several things to a BMC at once is caught', async (t) => {
  const kind = {
    ...KIND,
    open: async () => {
      let protocol: BmcProtocol | null = null;
      const place = await KIND.open((given) => (protocol = given));
      // Each call has a driver, and so a lane, of its own.
      const get = (target: Bmc, name: keyof Bmc) => {
        const own = name === 'close' ? target : new Bmc(protocol!, HASTY);
        return (own[name] as () => unknown).bind(own);
      };
      const bmc = new Proxy(place.bmc, { get: get as ProxyHandler<Bmc>['get'] & {} });
      return { ...place, bmc };
    },
  };
  const broken = await brokenCases(kind, (protocol) => protocol);
  t.deepEqual(broken, ['one thing is done at a time, in the order in which it was asked for']);
});
