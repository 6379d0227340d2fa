import test from 'ava';
import { nodeValues } from '../../../backends/rack/reference-boot.ts';
import { logBytes, madeEvent } from '../tpm/made-log.ts';
import { createHash } from 'node:crypto';

const BOOT_VARIABLE = 0x8000_0002;
const [FIRST, OTHER] = ['52:54:00:0c:00:01', '52:54:00:0c:00:02'];

/** A boot entry as firmware logs it: the variable's name, then what is in it. */
function bootEntry(mac: string): { readonly data: Buffer; readonly contents: Buffer } {
  const bytes = mac.replaceAll(':', '');
  const name = Buffer.from('Boot0002', 'utf16le');
  const contents = Buffer.concat([
    Buffer.from(`HTTP (MAC:${bytes.toUpperCase()})\0`, 'utf16le'),
    Buffer.from(`03${bytes}01`, 'hex'),
  ]);
  const head = Buffer.alloc(32);
  head.writeBigUInt64LE(8n, 16);
  head.writeBigUInt64LE(BigInt(contents.length), 24);
  return { data: Buffer.concat([head, name, contents]), contents };
}

const eventsOf = (mac: string) => {
  const { data, contents } = bootEntry(mac);
  return [
    madeEvent(0, 8, Buffer.from('firmware')),
    madeEvent(1, BOOT_VARIABLE, Buffer.from('BootOrder'), Buffer.from('order')),
    madeEvent(1, BOOT_VARIABLE, data, contents),
    madeEvent(1, 4, Buffer.alloc(4)),
  ];
};

const pcrOf = (mac: string) =>
  eventsOf(mac)
    .filter(({ pcr }) => pcr === 1)
    .reduce(
      (value, { digests }) =>
        createHash('sha256').update(value).update(Buffer.from(digests.sha256, 'hex')).digest(),
      Buffer.alloc(32),
    )
    .toString('hex');

const bootOf = (mac: string, pcr = pcrOf(mac)) => ({
  macAddress: mac,
  pcrs: { 1: pcr },
  eventLog: logBytes(eventsOf(mac)).toString('base64'),
});

test('what another machine measures follows from its card’s address', (t) => {
  t.deepEqual(nodeValues(bootOf(FIRST), OTHER), { 1: [pcrOf(OTHER)] });
  t.deepEqual(nodeValues(bootOf(FIRST), FIRST), { 1: [pcrOf(FIRST)] });
  t.not(pcrOf(FIRST), pcrOf(OTHER));
});

test('a log that does not replay, or whose digests are over something else, gives no values', (t) => {
  const refused = { code: 'BACKEND_RACK_REFERENCES' };
  t.throws(() => nodeValues(bootOf(FIRST, '00'.repeat(32)), OTHER), refused);
  const strange = [madeEvent(1, BOOT_VARIABLE, bootEntry(FIRST).data, Buffer.from('else'))];
  const digest = Buffer.from(strange[0]!.digests.sha256, 'hex');
  const pcr = createHash('sha256').update(Buffer.alloc(32)).update(digest).digest('hex');
  const boot = {
    macAddress: FIRST,
    pcrs: { 1: pcr },
    eventLog: logBytes(strange).toString('base64'),
  };
  t.throws(() => nodeValues(boot, OTHER), refused);
});
