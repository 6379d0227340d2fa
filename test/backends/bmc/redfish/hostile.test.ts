/** BMCs that mean harm: what they send is bounded, refused, and told in one line. */
import test from 'ava';
import type { BmcFault } from '../../../../backends/bmc/emulator/faults.ts';
import { at, parseBounded } from '../../../../backends/bmc/redfish/bounded-json.ts';
import { Exchange } from '../../../../backends/bmc/redfish/exchange.ts';
import { openEmulated, QUICK } from '../emulated-bmc.ts';

const PATIENCE_MS = 700;
const MOST_MEMORY_BYTES = 64 * 1024 * 1024;

for (const fault of [
  'hugeBody',
  'endlessBody',
  'slowBody',
  'deepJson',
  'notJson',
  'redirects',
  'foreignLinks',
  'longMessage',
  'hangs',
  'unavailable',
] as const satisfies readonly BmcFault[]) {
  test.serial(`a BMC comes to nothing with: ${fault}`, async (t) => {
    const place = await openEmulated(undefined, {}, { ...QUICK, pollMs: 100 });
    t.teardown(() => place.close());
    place.emulator.faults.set(fault, Number.POSITIVE_INFINITY);
    const before = process.memoryUsage().rss;
    const begin = performance.now();
    const outcome = await place.bmc.powerOn(AbortSignal.timeout(PATIENCE_MS));
    t.not(outcome.status, 'ok');
    t.true(performance.now() - begin < PATIENCE_MS + 2000);
    t.true(process.memoryUsage().rss - before < MOST_MEMORY_BYTES);
    t.regex(outcome.status === 'ok' ? '' : outcome.error.message, /^[^\p{C}]{1,400}$/u);
    t.false(place.node.isOn());
    place.emulator.faults.clear();
    t.is((await place.bmc.powerOn()).status, 'ok', 'and once it behaves it is driven');
  });
}

for (const [url, reason] of [
  ['https://10.0.0.6', 'not among the allowed hosts'],
  ['http://10.0.0.5', 'over https'],
  ['https://10.0.0.5@evil.example', 'a host and a path'],
  ['https://user:secret@10.0.0.5', 'a host and a path'],
  ['ftp://10.0.0.5', 'over https'],
  ['file:///etc/passwd', 'not among the allowed hosts'],
  ['10.0.0.5', 'no URL'],
  ['https://10.0.0.5:8443', ''],
  ['https://10.0.0.5/l/abc', ''],
] as const) {
  test(`an address is ${reason === '' ? 'taken' : `refused: ${reason}`}: ${url}`, (t) => {
    const open = () => new Exchange({ url, allowedHosts: ['10.0.0.5'] }, 1).close();
    if (reason === '') t.notThrows(open);
    else t.throws(open, { code: 'INPUT_BMC_ADDRESS', message: new RegExp(reason) });
  });
}

test('only links within the BMC are followed', (t) => {
  const exchange = new Exchange({ url: 'https://10.0.0.5', allowedHosts: ['10.0.0.5'] }, 1);
  t.is(exchange.ownPath('/redfish/v1/Systems/1?a=b'), '/redfish/v1/Systems/1?a=b');
  t.is(exchange.ownPath('https://10.0.0.5/redfish/v1/x'), '/redfish/v1/x');
  for (const link of [
    '//evil.example/redfish',
    'http://10.0.0.5/redfish',
    'https://10.0.0.5:444/redfish',
    'https://evil.example/',
    'javascript:alert(1)',
    '/\\evil.example/',
    `/${'x'.repeat(2000)}`,
  ]) {
    t.is(exchange.ownPath(link), null, link);
  }
  exchange.close();
});

test('a document is refused for its depth before it is parsed, and its prototype is not reached', (t) => {
  const deep = (depth: number) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);
  t.not(parseBounded(deep(32)), null);
  t.is(parseBounded(deep(33)), null);
  t.not(parseBounded(`{"a":"${'['.repeat(100)}\\"${'{'.repeat(100)}"}`), null);
  t.is(parseBounded('[1]'), null);
  t.is(parseBounded('null'), null);
  const document = parseBounded('{"__proto__":{"PowerState":"On"}}');
  t.is(at(document, 'PowerState'), undefined);
  t.is(at(document, 'toString'), undefined);
});
