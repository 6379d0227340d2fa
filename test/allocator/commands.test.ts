/** What a protocol such as HTTP rests on: shapes of commands, one reply each, no secrets. */
import test from 'ava';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import { COMMAND_FIELDS } from '../../core/allocator/commands.ts';
import { QUERY_FIELDS } from '../../core/allocator/views.ts';
import { A, ADMIN, END_MS, Site, activeSite, smallSite, terms, type Sent } from './site.ts';

const GOOD: Record<string, unknown> = {
  name: 'x',
  nameOrNull: null,
  names: ['x'],
  namesOrNull: null,
  time: 1,
  timeOrNull: null,
  boolean: true,
  json: {},
  terms: terms(),
};
const BAD: unknown[] = [
  undefined,
  -1,
  1.5,
  Number.NaN,
  2 ** 53,
  '',
  'a b',
  'a\n',
  'x'.repeat(129),
  '\u202e',
  [''],
  [1],
  Object.create(null),
  () => 1,
  Symbol('x'),
];

function goodValue(kind: string | readonly string[]): unknown {
  return typeof kind === 'string' ? GOOD[kind] : kind[0];
}

test('behaviour 48: a missing, unknown or ill-typed field is refused in every command', (t) => {
  const site = new Site(smallSite());
  for (const [kind, fields] of Object.entries(COMMAND_FIELDS)) {
    const good = Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, goodValue(field)]),
    );
    const send = (given: object) => site.refused(ADMIN, { ...given, kind } as Sent);
    t.is(send({ ...good, surprise: 1 }), 'INPUT_BAD_ARGUMENT', kind);
    for (const [name, field] of Object.entries(fields)) {
      const { [name]: _, ...rest } = good;
      t.is(send(rest), 'INPUT_BAD_ARGUMENT', `${kind} without ${name}`);
      const isAny = field === 'json' || field === 'terms';
      for (const value of isAny ? [undefined, () => 1] : BAD) {
        t.is(send({ ...good, [name]: value }), 'INPUT_BAD_ARGUMENT', `${kind} ${name}`);
      }
    }
  }
});

test('behaviour 48: the same of every query', (t) => {
  const site = new Site(smallSite());
  for (const [kind, fields] of Object.entries(QUERY_FIELDS)) {
    const shown = site.view(ADMIN, { kind, surprise: 1 } as never);
    t.is(shown['code'], 'INPUT_BAD_ARGUMENT');
    for (const name of Object.keys(fields)) {
      t.is(site.view(ADMIN, { kind, [name]: 7 } as never)['code'], 'INPUT_BAD_ARGUMENT');
    }
  }
  t.is(site.view(ADMIN, { kind: 'toString' } as never)['code'], 'INPUT_UNKNOWN_QUERY');
});

test('behaviour 48: what is no command is refused', (t) => {
  const site = new Site(smallSite());
  for (const kind of ['Nonsense', 'toString', '__proto__', 'constructor', 'hasOwnProperty']) {
    t.is(site.refused(ADMIN, { kind } as never), 'INPUT_UNKNOWN_COMMAND');
  }
});

test('behaviour 48: a deep or cyclic value is refused, not followed', (t) => {
  const site = new Site(smallSite());
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  let deep: unknown = 1;
  for (let depth = 0; depth < 50_000; depth++) deep = [deep];
  for (const value of [cyclic, deep]) {
    const command = { kind: 'MetadataSet', nodeId: 'a1', key: 'ek', value } as const;
    t.is(site.send(ADMIN, command).refusal?.code, 'INPUT_BAD_ARGUMENT');
  }
});

test('behaviours 49 and 58: no effect and no state holds a secret, only whose it is', (t) => {
  const site = activeSite();
  site.runUntil(END_MS + MINUTE_MS);
  const names = new Set<string>();
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    for (const [name, member] of entries) {
      names.add(String(name));
      collect(member);
    }
  };
  collect(site.log);
  collect(site.state);
  t.true(names.has('grantee'));
  t.deepEqual(
    [...names].filter((name) => /secret|password|credential|token$/i.test(name)),
    ['fencingToken', 'RotateBmcToken'],
  );
});

test('behaviour 50: every command has one reply with its id, to its sender', (t) => {
  const site = activeSite();
  site.send(A, { kind: 'NodeDelete', nodeId: 'a1' });
  site.send(ADMIN, { kind: 'Nonsense' } as never);
  for (const { event, effects } of site.log) {
    const replies = effects.filter((effect) => effect.kind === 'Reply');
    t.is(replies.length, 'commandId' in event ? 1 : 0);
    if (!('commandId' in event)) continue;
    t.is(replies[0]!.commandId, event.commandId);
    t.is(replies[0]!.to, event.from);
    if (replies[0]!.refusal !== null) t.is(effects.length, 1, 'a refusal has no other effect');
  }
});

test('behaviour 51: a hundred rounds of commands and leases leave nothing behind', (t) => {
  const site = new Site(smallSite());
  const sizes = () => ({
    actions: site.state.actions.size,
    leases: site.state.leases.size,
    offers: site.state.offers.size,
    networks: site.state.networks.size,
    ids: site.state.networkIds.inUse.size + site.state.networkIds.returned.length,
    perNode: site.node('a1').operations.length + site.node('a1').reservations.length,
  });
  let after: object | null = null;
  for (let round = 0; round < 100; round++) {
    const startMs = site.nowMs + 1;
    const window = { startMs, endMs: startMs + 5 * MINUTE_MS };
    site.done(A, { kind: 'LeaseCreate', terms: terms({ leaseId: `lease-${round}`, ...window }) });
    site.run(7 * MINUTE_MS);
    site.done(A, { kind: 'NodeConnect', organisation: 'org-a', nodeId: 'a1' });
    site.settle(A, { kind: 'OutOfBandSet', nodeId: 'a1', enabled: true });
    site.settle(A, { kind: 'OutOfBandSet', nodeId: 'a1', enabled: false });
    site.settle(A, { kind: 'NodeDetach', organisation: 'org-a', nodeId: 'a1' });
    after ??= sizes();
    t.deepEqual(sizes(), after as ReturnType<typeof sizes>);
  }
});
