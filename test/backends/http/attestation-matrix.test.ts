/** Every call of the attestation service by every caller on own, others' and no objects. */
import test from 'ava';
import { canonicalJson } from '../../../core/kernel/canonical-json.ts';
import {
  ATTESTATION_COMMANDS,
  ATTESTATION_QUERIES,
} from '../../../backends/http/attestation-routes.ts';
import { rest } from '../runner/live-site.ts';
import { CALLERS, ServedAttester, type CallerName } from './served-attester.ts';

const AGENT_CALLS = [
  'POST /nodes/:nodeId/hello',
  'POST /nodes/:nodeId/answer',
  'GET /nodes/:nodeId/key-share',
  'PUT /leases/:leaseId/nodes/:nodeId/key-share',
];
const CALLS = [
  ...ATTESTATION_COMMANDS.map(({ method, path }) => `${method} ${path}`),
  ...ATTESTATION_QUERIES.map(({ path }) => `GET ${path}`),
  ...AGENT_CALLS,
];
/** What stands in a path: of the tenant, of nobody, and what is no name. */
const OBJECTS = [
  { leaseId: 'l', nodeId: 'n1', policyId: 'p' },
  { leaseId: 'none', nodeId: 'none', policyId: 'none' },
  { leaseId: '__proto__', nodeId: 'x'.repeat(129), policyId: '%20' },
];
const SHARE = { share: `${'A'.repeat(43)}=` };
/** Nothing, what is no object of ours, and what fits some call or other. */
const BODIES = [
  undefined,
  {},
  { unknown: 1 },
  SHARE,
  { fencingToken: 2, bootCount: 2, policyId: 'p' },
  { fencingToken: 2 },
  { policyId: 'p', version: 9, profiles: [], runtimeDigests: null, releasesKeyShare: false },
  { nodeId: 'n1', endorsementKeyHash: 'other', profile: 'other' },
];

/** Who may be told yes by a call, whatever it is about. */
const MAY: Readonly<Record<CallerName, (call: string) => boolean>> = {
  admin: (call) => !call.includes('/hello') && !call.includes('/answer'),
  tenant: () => true,
  stranger: (call) => /^(GET|PUT|POST) \/(policies|attestations|leases)/.test(call),
  reader: (call) => call.startsWith('GET '),
  airlock: (call) => !/nodes$/.test(call),
};

test('each call of each caller gets what it may have or a problem, and a refusal changes nothing', async (t) => {
  const served = await ServedAttester.open(t);
  await served.addNode('n1');
  await served.attest('l', 'n1');
  await rest();
  const counts = { done: 0, refused: 0 };
  for (const call of CALLS) {
    for (const caller of Object.keys(CALLERS) as CallerName[]) {
      for (const objects of OBJECTS) {
        const [method, path] = call.split(' ') as [string, string];
        const filled = path.replaceAll(/:(\w+)/g, (_, name: string) =>
          encodeURIComponent(objects[name as keyof typeof objects]),
        );
        for (const body of method === 'GET' ? [undefined] : BODIES) {
          const before = canonicalJson(served.runner.state);
          const response = await served.send(caller, `${method} ${filled}`, body);
          const what = `${caller} ${method} ${filled} ${JSON.stringify(body)}`;
          t.true(response.statusCode < 500, `${what}: ${response.body}`);
          if (response.statusCode < 300) {
            counts.done += 1;
            t.true(MAY[caller](call), what);
            const isTenants = objects === OBJECTS[0] && /attestation$|policies\/:/.test(path);
            t.false(caller === 'stranger' && isTenants, what);
            continue;
          }
          counts.refused += 1;
          const { code, detail } = response.json<{ code: string; detail: string }>();
          t.regex(code, /^[A-Z][A-Z_]+$/, what);
          t.is(typeof detail, 'string');
          t.is(canonicalJson(served.runner.state), before, what);
          const isOthers = caller === 'stranger' && method === 'GET' && path.includes(':');
          if (isOthers)
            t.true(
              ['NOT_FOUND', 'DENIED_REGISTRY', 'DENIED_GATEWAY', 'INPUT_BAD_ARGUMENT'].includes(
                code,
              ),
              `${what}: ${code}`,
            );
        }
      }
    }
  }
  t.log(counts);
  t.true(counts.done > 30 && counts.refused > 500);
  const stranger = await served.send('stranger', 'GET /attestations');
  const seen = stranger.json<{ attestations: readonly { leaseId: string }[] }>().attestations;
  t.false(seen.some(({ leaseId }) => leaseId === 'l'));
  t.is((await served.app.inject({ url: '/v1/policies' })).statusCode, 401);
  t.is((await served.app.inject({ method: 'POST', url: '/v1/nodes/n1/hello' })).statusCode, 401);
});
