/** A BMC is known by its certificate before it is told the password. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { Bmc } from '../../../../backends/bmc/bmc.ts';
import { RedfishEmulator } from '../../../../backends/bmc/emulator/redfish-emulator.ts';
import type { BmcTls } from '../../../../backends/bmc/redfish/exchange.ts';
import { Redfish } from '../../../../backends/bmc/redfish/redfish.ts';
import { CREDENTIALS, QUICK } from '../emulated-bmc.ts';
import { selfSigned } from '../self-signed.ts';

const OWN = selfSigned('bmc-1');
const ANOTHER = selfSigned('bmc-1');

async function drive(t: ExecutionContext, tls: BmcTls | undefined) {
  const emulator = new RedfishEmulator({ ...CREDENTIALS, tls: OWN });
  await emulator.start();
  const address = { url: emulator.url, allowedHosts: [emulator.host], credentials: CREDENTIALS };
  const redfish = new Redfish({ ...address, pauseMs: 4, ...(tls ? { tls } : {}) });
  const bmc = new Bmc(redfish, QUICK);
  t.teardown(async () => {
    await bmc.close();
    await emulator.close();
  });
  return { outcome: await bmc.powerOn(), emulator };
}

test('the certificate that was given for a BMC is enough, whatever name it bears', async (t) => {
  const { outcome, emulator } = await drive(t, { certificates: OWN.cert, checksName: false });
  t.is(outcome.status, 'ok', JSON.stringify(outcome));
  t.is(await emulator.chassis.reading(), 'On');
});

for (const [what, tls] of [
  ['no authority that is known', undefined],
  ['another key', { certificates: ANOTHER.cert, checksName: false }],
  ['another name, where names are checked', { certificates: OWN.cert, checksName: true }],
] as const) {
  test(`a BMC whose certificate has ${what} is told nothing`, async (t) => {
    const { outcome, emulator } = await drive(t, tls);
    t.like(outcome, { status: 'noEffect', error: { code: 'DEVICE_UNTRUSTED' } });
    t.deepEqual(emulator.requests, []);
  });
}
