/** The whole table of who may do what: every command and every query, tried in every role. */
import test from 'ava';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { COMMAND_FIELDS, type CommandKind } from '../../core/allocator/commands.ts';
import { ADMINISTRATOR_COMMANDS } from '../../core/allocator/service.ts';
import { ADMINISTRATOR_QUERIES, QUERY_FIELDS, type QueryKind } from '../../core/allocator/views.ts';
import { COMMANDS, EVERYBODY, QUERIES, ROLES } from './authorisation-table.ts';
import { B, STRANGER, Site, makeNetwork, smallSite, type Sent } from './site.ts';

const HIDDEN = /^(DENIED_AUTHORIZATION|NOT_FOUND_(NODE|LEASE|OFFER))$/;

for (const kind of Object.keys(COMMAND_FIELDS) as CommandKind[]) {
  test(`behaviours 46 and 47: ${kind} is for those whose it is, and nobody else`, (t) => {
    const { allowed, prepare } = COMMANDS[kind];
    t.is(ADMINISTRATOR_COMMANDS.has(kind), allowed.length === 1 && allowed[0] === 'admin');
    for (const role of EVERYBODY) {
      const { site, fields } = prepare();
      const before = canonicalJson(site.state);
      const { refusal } = site.send(ROLES[role], { ...fields, kind } as Sent);
      if (allowed.includes(role)) {
        t.is(refusal, null, role);
      } else {
        t.regex(refusal?.code ?? 'accepted', HIDDEN, role);
        t.is(canonicalJson(site.state), before, role);
      }
    }
  });
}

for (const kind of Object.keys(QUERY_FIELDS) as QueryKind[]) {
  test(`behaviours 46 and 47: ${kind} is shown to those whose it is, and nobody else`, (t) => {
    const { allowed, prepare } = QUERIES[kind];
    t.is(ADMINISTRATOR_QUERIES.has(kind), allowed.length === 1 && allowed[0] === 'admin');
    for (const role of EVERYBODY) {
      const { site, fields } = prepare();
      const before = canonicalJson(site.state);
      const shown = site.view(ROLES[role], { ...fields, kind } as never);
      if (allowed.includes(role)) t.is(shown['code'] ?? null, null, role);
      else t.regex(String(shown['code']), HIDDEN, role);
      t.is(canonicalJson(site.state), before, 'reading changes nothing');
    }
  });
}

test('a planted hole in the table is found', (t) => {
  const site = new Site(smallSite());
  makeNetwork(site, 'net-b', 'org-b');
  site.done(B, { kind: 'NetworkGrant', network: 'net-b', organisation: 'org-u' });
  const { refusal } = site.send(STRANGER, {
    kind: 'NetworkGrant',
    network: 'net-b',
    organisation: 'org-a',
  });
  t.regex(refusal!.code, HIDDEN, 'having access is not owning');
});
