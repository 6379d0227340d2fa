/**
 * Role × call × object, for every call in the tables of all services: who may do it does it, and who
 * may not changes nothing, whatever it is told; what is answered 404 is answered like what is not
 * there; who may only look changes nothing; nobody gets anything.
 */
import test from 'ava';
import { FACADES } from '../../../backends/http/facades.ts';
import { parametersOf } from '../../../backends/http/service-facade.ts';
import { ATTESTATION } from './authorisation/attestation-table.ts';
import { ISOLATION } from './authorisation/isolation-table.ts';
import { MARKET } from './authorisation/market-table.ts';
import { Matrix, type ServiceTable } from './authorisation/matrix.ts';
import { PROVISIONING } from './authorisation/provisioning-table.ts';

const TABLES: readonly ServiceTable[] = [ISOLATION, ATTESTATION, PROVISIONING, MARKET];
const NOT_THEIRS = /^(DENIED_[A-Z_]+|NOT_FOUND(_[A-Z]+)?)$/;
const ABSENT = 'nothing-of-that-name';

type Answered = Awaited<ReturnType<Matrix['ask']>>;

function codeOf(answer: Answered): string {
  return answer.statusCode < 300 ? 'done' : answer.json<{ code: string }>().code;
}

/** All that a caller is told, without when. */
function told({ statusCode, headers, body }: Answered): object {
  const { date: _, ...kept } = headers;
  return { statusCode, headers: kept, body };
}

for (const table of TABLES) {
  const { facade, cases, roles } = table;
  const matrix = Matrix.open(table);
  test.after.always(async () => (await matrix).close());

  test.serial(`${facade.name}: the table has every call of the service`, (t) => {
    const kinds = [
      ...facade.commands.map(({ command }) => command),
      ...facade.queries.map(({ query }) => query),
    ];
    t.deepEqual(Object.keys(cases).sort(), kinds.sort());
  });

  for (const route of [...facade.commands, ...facade.queries]) {
    const kind = 'command' in route ? route.command : route.query;
    const { allowed, prepare, refusal = NOT_THEIRS } = cases[kind]!;

    test.serial(`${facade.name}: ${kind} is for those whose it is`, async (t) => {
      for (const role of Object.keys(roles)) {
        const prepared = prepare();
        const before = prepared.world.digest();
        const answer = await (await matrix).ask(route, prepared, { role });
        const code = codeOf(answer);
        if (allowed.includes(role)) {
          t.is(code, 'done', `${role}: ${answer.body}`);
          continue;
        }
        t.regex(code, refusal, `${role}: ${answer.body}`);
        t.is(prepared.world.digest(), before, role);
        const isHidden = answer.statusCode === 404 && parametersOf(route.path).length > 0;
        if (!isHidden || (await matrix).sees(route, prepare(), role)) continue;
        const absent = await (await matrix).ask(route, prepare(), { role, object: ABSENT });
        t.deepEqual(told(answer), told(absent), `${role} learns that it is there`);
      }
    });

    test.serial(
      `${facade.name}: ${kind} is nothing for nobody, and for who may only look`,
      async (t) => {
        const place = await matrix;
        const nobody = prepare();
        const before = nobody.world.digest();
        t.is(codeOf(await place.ask(route, nobody, { role: null })), 'INPUT_UNAUTHENTICATED');
        t.is(nobody.world.digest(), before);
        for (const role of Object.keys(roles)) {
          const prepared = prepare();
          const read = await place.ask(route, prepared, { role, isReader: true });
          t.is(prepared.world.digest(), before, role);
          if ('command' in route) t.is(codeOf(read), 'DENIED_READ_ONLY', role);
          else t.is(codeOf(read) === 'done', allowed.includes(role), role);
        }
      },
    );

    if (parametersOf(route.path).length === 0) continue;
    test.serial(
      `${facade.name}: ${kind} of what is not there is no bug and does nothing`,
      async (t) => {
        for (const role of Object.keys(roles)) {
          for (const object of [ABSENT, '__proto__', 'constructor', '..', 'x'.repeat(128)]) {
            const prepared = prepare();
            const answer = await (await matrix).ask(route, prepared, { role, object });
            t.true(answer.statusCode < 500, `${role} ${object}: ${answer.body}`);
          }
        }
      },
    );
  }
}

test('every service that others send commands to has its table', (t) => {
  const known = TABLES.map(({ facade }) => facade.commands);
  for (const { commands } of FACADES) t.true(known.includes(commands));
});

test('a planted hole is found: a query that shows everybody what is org-a’s', async (t) => {
  const matrix = await Matrix.open(ISOLATION);
  const { facade } = ISOLATION;
  const route = facade.queries.find(({ query }) => query === 'NodeShow')!;
  const { prepare, allowed } = ISOLATION.cases['NodeShow']!;
  t.false(allowed.includes('stranger'));
  const { world, fields } = prepare();
  const asAdmin = {
    ...world,
    view: (query: Parameters<typeof world.view>[0]) =>
      world.view({ ...query, from: { role: 'admin', name: 'operator' } }),
  };
  const answer = await matrix.ask(route, { world: asAdmin, fields: fields! }, { role: 'stranger' });
  t.is(codeOf(answer), 'done', 'which the matrix counts as a failure');
  await matrix.close();
});
