import test from 'ava';
import { applySetting, parseSetting } from '../../sim/scenario/settings.ts';

const document = () => ({
  seed: 1,
  organisation: [
    { name: 'a', nodes: { standard: 3 } },
    { name: 'b', nodes: { standard: 4 } },
  ],
});

function set(text: string) {
  const changed = document();
  applySetting(changed, parseSetting(text), 'x.toml');
  return changed;
}

test('a table in an array goes by its name, all of them by a star', (t) => {
  t.is(set('organisation.b.nodes.standard=9').organisation[1]!.nodes.standard, 9);
  t.is(set('organisation.b.nodes.standard=9').organisation[0]!.nodes.standard, 3);
  t.deepEqual(
    set('organisation.*.nodes.standard=7').organisation.map(({ nodes }) => nodes.standard),
    [7, 7],
  );
});

test('values are TOML where they can be, else text', (t) => {
  t.deepEqual(parseSetting('a.b=[1, 2]').value, [1, 2]);
  t.is(parseSetting('a=true').value, true);
  t.is(parseSetting('a=/data/log.swf.gz').value, '/data/log.swf.gz');
  t.deepEqual(parseSetting('a.b=1').path, ['a', 'b']);
});

test('what leads nowhere is refused, and no prototype is ever touched', (t) => {
  for (const text of [
    'organisation.c.nodes.standard=1',
    'organisation.*=1',
    'seed.deeper=1',
    '__proto__.polluted=1',
    'organisation.a.constructor.prototype.polluted=1',
    '=3',
    'novalue',
  ]) {
    t.throws(() => set(text), { code: 'INPUT_SETTING' }, text);
  }
  t.is(({} as Record<string, unknown>)['polluted'], undefined);
});
