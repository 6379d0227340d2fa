/**
 * Bad input to every call of every service, by somebody who may make it: a problem document with a
 * code, and nothing has changed.
 */
import test from 'ava';
import { PROBLEM_TYPE } from '../../../backends/http/problem.ts';
import { parametersOf } from '../../../backends/http/service-facade.ts';
import { newToken } from '../../../backends/http/tokens.ts';
import { ATTESTATION } from './authorisation/attestation-table.ts';
import { ISOLATION } from './authorisation/isolation-table.ts';
import { MARKET } from './authorisation/market-table.ts';
import { Matrix, type Asking } from './authorisation/matrix.ts';
import { PROVISIONING } from './authorisation/provisioning-table.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JSON_TYPE = { 'content-type': 'application/json' };
/** Of most calls. */
const BODY_BYTES_MAXIMUM = 64 * 1024;

const UNREADABLE: readonly (readonly [what: string, asking: Partial<Asking>, code: string])[] = [
  ['half an object', { payload: '{"a":', headers: JSON_TYPE }, '400 INPUT_BAD_REQUEST'],
  [
    'a poisoned object',
    { payload: '{"__proto__":{}}', headers: JSON_TYPE },
    '400 INPUT_BAD_REQUEST',
  ],
  ['brackets', { payload: '['.repeat(30_000), headers: JSON_TYPE }, '400 INPUT_BAD_REQUEST'],
  ['a form', { payload: 'a=b', headers: FORM }, '415 INPUT_MEDIA_TYPE'],
  ['no key', { headers: { 'idempotency-key': '' } }, '400 INPUT_IDEMPOTENCY_KEY'],
  ['a long key', { headers: { 'idempotency-key': 'k'.repeat(65) } }, '400 INPUT_IDEMPOTENCY_KEY'],
  ['a foreign token', { headers: bearer(newToken().token) }, '401 INPUT_UNAUTHENTICATED'],
  ['a token of no form', { headers: bearer('admin') }, '401 INPUT_UNAUTHENTICATED'],
];

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

for (const table of [ISOLATION, ATTESTATION, PROVISIONING, MARKET]) {
  const { facade, cases, roles } = table;
  const matrix = Matrix.open(table);
  test.after.always(async () => (await matrix).close());

  for (const route of facade.commands) {
    const { allowed, prepare } = cases[route.command]!;
    const role = allowed[0] ?? Object.keys(roles)[0]!;

    test.serial(`${facade.name}: ${route.command} takes no bad input`, async (t) => {
      const place = await matrix;
      const refuse = async (what: string, asking: Partial<Asking>, expected: RegExp, more = {}) => {
        const { world, fields = {} } = prepare();
        const before = world.digest();
        const given = { world, fields: { ...fields, ...more } };
        const answer = await place.ask(route, given, { role, ...asking });
        t.true(String(answer.headers['content-type']).startsWith(PROBLEM_TYPE), what);
        const { code, detail } = answer.json<{ code: string; detail: string }>();
        t.regex(`${answer.statusCode} ${code}`, expected, what);
        t.true(detail.length > 0 && detail.length < 500, what);
        t.is(world.digest(), before, what);
      };
      for (const [what, asking, expected] of UNREADABLE) {
        await refuse(what, asking, new RegExp(`^${expected}$`));
      }
      const { bodyBytesMaximum = BODY_BYTES_MAXIMUM } = route;
      const large = { payload: `"${'x'.repeat(bodyBytesMaximum)}"`, headers: JSON_TYPE };
      await refuse('a large body', large, /^413 INPUT_BODY_TOO_LARGE$/);
      if (parametersOf(route.path).length > 0) {
        await refuse('a name of no form', { object: 'a b' }, /^400 INPUT_BAD_ARGUMENT$/);
        await refuse('a long name', { object: 'x'.repeat(129) }, /^400 INPUT_BAD_ARGUMENT$/);
      }
      const { fields = {} } = prepare();
      const inBody = Object.keys(fields).filter((name) => !parametersOf(route.path).includes(name));
      if (inBody.length === 0) return;
      // What is the whole body is a service's own to look at.
      if (route.wholeBody === undefined) {
        await refuse('a field too many', {}, /^400 INPUT_BAD_ARGUMENT$/, { priority: 1 });
        const kinds = inBody.map((name) => String(facade.commandFields[route.command]![name]));
        // What may be left out may all be left out.
        const isNeeded = kinds.some((kind) => !/(OrNull|\?)$/.test(kind));
        const empty = { payload: '{}', headers: JSON_TYPE };
        if (isNeeded) await refuse('nothing', empty, /^400 INPUT_BAD_ARGUMENT$/);
      }
      for (const payload of ['null', '[]', '"text"', '5']) {
        await refuse(
          payload,
          { payload, headers: JSON_TYPE },
          /^400 INPUT_BAD_(ARGUMENT|REQUEST)$/,
        );
      }
    });
  }
}
