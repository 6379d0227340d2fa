import test from 'ava';
import { serviceApi } from '../../../backends/http/service-api.ts';
import { isolationFacade } from '../../../backends/http/isolation-routes.ts';
import type { ServiceGateway } from '../../../backends/http/gateway.ts';
import { PartyQuota, PARTY_MAXIMUM } from '../../../backends/http/quota.ts';
import { newToken, Tokens } from '../../../backends/http/tokens.ts';
import { A, ADMIN, B } from '../../allocator/site.ts';

test('a party that has too much under way is turned away, and no other', async (t) => {
  const quota = new PartyQuota(2);
  const { promise, resolve } = Promise.withResolvers<string>();
  const held = [quota.within(A, () => promise), quota.within(A, () => promise)];
  await t.throwsAsync(
    quota.within(A, () => promise),
    { code: 'RESOURCE_QUOTA' },
  );
  t.is(await quota.within(B, async () => 'done'), 'done');
  const operator = Array.from({ length: 5 }, () => quota.within(ADMIN, async () => 'done'));
  t.is((await Promise.all(operator)).length, 5);
  await t.throwsAsync(
    quota.within(B, async () => {
      throw new Error('it failed');
    }),
    { message: 'it failed' },
  );
  resolve('answered');
  await Promise.all(held);
  t.is(await quota.within(A, async () => 'again'), 'again');
  t.is(quota.size, 0, 'nothing is kept of who waits for nothing');
});

test('over HTTP it is 429, while another party is answered', async (t) => {
  const [a, b] = [newToken(), newToken()];
  const never = new Promise<never>(() => {});
  const gateway = {
    submit: ({ from }: { from: { name: string } }) =>
      from.name === 'org-a' ? never : Promise.resolve({ refusal: null, result: {} }),
    watch: () => () => {},
  } as unknown as ServiceGateway;
  const access = 'write';
  const app = await serviceApi({
    facade: isolationFacade,
    gateway,
    version: '0',
    tokens: new Tokens([
      { sha256: a.sha256, role: 'organisation', name: 'org-a', access },
      { sha256: b.sha256, role: 'organisation', name: 'org-b', access },
    ]),
  });
  const send = (token: string, key: string) =>
    app.inject({
      method: 'POST',
      url: '/v1/leases/l/cancel',
      headers: { authorization: `Bearer ${token}`, 'idempotency-key': key },
    });
  // Nothing is sent before somebody waits for it.
  for (let sent = 0; sent < PARTY_MAXIMUM; sent++) void send(a.token, `k${sent}`).then(() => {});
  const away = await send(a.token, 'one-more');
  t.is(away.statusCode, 429);
  t.is(away.json<{ code: string }>().code, 'RESOURCE_QUOTA');
  t.is(away.headers['retry-after'], '1');
  t.is((await send(b.token, 'k')).statusCode, 202);
});
