/** An attestation service of `ocx serve`: its runner, the desk that nodes answer at, key shares. */
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import { Type, type Static } from 'typebox';
import { readShareSecret, shareV } from '../backends/boot/key-shares.ts';
import { agentCalls } from '../backends/http/agent-calls.ts';
import { attestationFacade } from '../backends/http/attestation-routes.ts';
import { lesseesOnly } from '../backends/http/lessees-only.ts';
import type { Admission } from '../backends/http/service-facade.ts';
import { KeyShares } from '../backends/keys/key-shares.ts';
import { KeylimeQuotes } from '../backends/keylime/keylime-quotes.ts';
import { serverOf, type Server } from '../backends/peers/server.ts';
import { carryOutAttestation, liveAttestation } from '../backends/runner/attestation.ts';
import type { AttesterWork } from '../backends/runner/attestation.ts';
import { AgentDesk } from '../backends/tpm/agent-desk.ts';
import { readCertificates, type TrustedMakers } from '../backends/tpm/endorsement.ts';
import { liveClock, type Clock } from '../backends/runner/clock.ts';
import type { AttesterConfiguration } from '../core/attester/state.ts';
import type { AttestationPolicy, NodeIdentity } from '../core/attester/commands.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { HOUR_MS, SECOND_MS } from '../core/kernel/units.ts';
import { badPeer, peerAddress } from './live-peers.ts';
import type { LiveRole, Served, ServeRequest } from './live-role.ts';
import { answerCalls, startService } from './live-service.ts';

/** Ids are the name and a number, and are keys of at most 64 characters. */
const named = { pattern: '^[\\x21-\\x7e]{1,40}$' };
const LONGEST_MS = 24 * HOUR_MS;
const strings = (more = {}) => Type.Array(Type.String(), { default: [], ...more });
const ms = (value: number) => Type.Integer({ minimum: 1, maximum: LONGEST_MS, default: value });
const perhapsMs = () =>
  Type.Union([Type.Integer({ minimum: 1, maximum: LONGEST_MS }), Type.Null()], { default: null });

const KeylimeSchema = Type.Object(
  {
    registrar: Type.String({ description: 'its URL' }),
    authority: Type.Optional(Type.String({ description: 'PEM file: who certifies the registrar' })),
    certificate: Type.Optional(Type.String({ description: 'PEM file: ours, for both' })),
    key: Type.Optional(Type.String({ description: 'PEM file' })),
    nodes: Type.Array(
      Type.Object(
        {
          nodeId: Type.String(),
          uuid: Type.String({ pattern: '^[0-9a-fA-F-]{36}$' }),
          agent: Type.String({ description: 'URL of its agent' }),
          agentCertificate: Type.Optional(Type.String({ description: 'PEM file: of its agent' })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

export const attestationRole: LiveRole = {
  name: 'attestation',
  keys: {
    name: Type.String({ ...named, default: 'attester' }),
    isolation: Type.String({ ...named, default: 'isolation', description: 'a peer' }),
    administrators: strings({ description: 'who may change the registry, besides admins' }),
    orchestrators: strings({ description: 'services that ask for their tenants' }),
    gateways: strings({ description: 'services that pass messages of nodes on' }),
    makers: strings({ description: 'PEM files: roots of endorsement certificates; relative' }),
    intermediates: strings({ description: 'PEM files: between those and the certificates' }),
    keyShares: Type.String({
      default: 'key-shares.db',
      description: 'SQLite file, made; relative',
    }),
    keyShareFile: Type.Optional(
      Type.String({ description: 'the secret that the provisioner of level full has too' }),
    ),
    nodes: Type.Unsafe<NodeIdentity[]>(Type.Array(Type.Object({}), { default: [] })),
    policies: Type.Unsafe<AttestationPolicy[]>(
      Type.Array(
        Type.Object({
          runtimeDigests: Type.Unsafe<unknown>({ default: null }),
          releasesKeyShare: Type.Boolean({ default: false }),
        }),
        { default: [] },
      ),
    ),
    keylime: Type.Optional(KeylimeSchema),
    // A nonce is made when the node is switched on; its agent answers once it has booted.
    nonceTtlMs: ms(600 * SECOND_MS),
    quoteDeadlineMs: ms(600 * SECOND_MS),
    keyDeadlineMs: ms(3 * SECOND_MS),
    retryDelayMs: ms(2 * SECOND_MS),
    attempts: Type.Integer({ minimum: 1, maximum: 100, default: 3 }),
    freshnessMs: perhapsMs(),
    reattestIntervalMs: perhapsMs(),
    reportRetryMs: ms(2 * SECOND_MS),
  },
  needs: ['attestation'],
  serve: serveAttestation,
};

interface Table extends AttesterConfiguration {
  readonly orchestrators: readonly string[];
  readonly gateways: readonly string[];
  readonly makers: readonly string[];
  readonly intermediates: readonly string[];
  readonly keyShares: string;
  readonly keyShareFile?: string;
  readonly keylime?: Static<typeof KeylimeSchema>;
}

async function serveAttestation(request: ServeRequest): Promise<Served> {
  // Checked against the keys above.
  const table = request.table as unknown as Table;
  const path = (given: string) => resolve(dirname(request.file), given);
  const makers = makersOf(table, path);
  const { keyShareFile } = table;
  const secret = keyShareFile === undefined ? null : readShareSecret(path(keyShareFile));
  const shares = new KeyShares(
    path(table.keyShares),
    secret ? (leaseId, nodeId) => shareV(secret, leaseId, nodeId) : undefined,
  );
  let clock: Clock | undefined;
  const nowMs = () => clock!.nowMs();
  const desk = new AgentDesk(makers, shares, nowMs);
  const world = table.keylime ? withKeylime(table.keylime, desk, makers, nowMs, path) : desk;
  try {
    const started = await startService(request, liveAttestation, {
      ...{ journal: attestationRole.name, configuration: configurationOf(table) },
      clock: (notBeforeMs) => (clock = liveClock(notBeforeMs)),
      carryOut: (effect, state) => carryOutAttestation(world, effect as AttesterWork, state),
    });
    const calls = agentCalls(desk, table.gateways);
    const facade = { ...attestationFacade, admit: admissionOf(request, table) };
    const served = await answerCalls(request, started, facade, calls);
    return {
      ...served,
      async stop() {
        await served.stop();
        shares.close();
      },
    };
  } catch (error) {
    shares.close();
    throw error;
  }
}

/** @throws INPUT_PEER */
function admissionOf({ peers, file }: ServeRequest, table: Table): Admission {
  const { name: attester, isolation, orchestrators } = table;
  const index = peers.findIndex(({ name }) => name === isolation);
  if (index < 0) throw badPeer(file, 'peers', `an attester needs its peer ${isolation}`);
  const { server, token } = peerAddress(peers[index]!, file, `peers[${index}]`);
  return lesseesOnly({ attester, isolation: server, token, orchestrators });
}

/** Some nodes are asked by their Keylime agents, the others by ours. */
function withKeylime(
  { registrar, authority, certificate, key, nodes }: NonNullable<Table['keylime']>,
  desk: AgentDesk,
  makers: TrustedMakers,
  nowMs: () => number,
  path: (given: string) => string,
): KeylimeQuotes {
  const read = (name: string | undefined) =>
    name === undefined ? undefined : readFileSync(path(name));
  const own = { cert: read(certificate), key: read(key) };
  const server = (url: string, more: RequestOptions): Server => {
    const found = serverOf(url);
    return { ...found, options: { ...found.options, ...own, ...more } as Server['options'] };
  };
  const agents = nodes.map(({ nodeId, uuid, agent, agentCertificate }) => {
    // An agent certifies itself: it is the certificate that counts, and no name in it.
    const pinned = { ca: read(agentCertificate), checkServerIdentity: () => undefined };
    const options = agentCertificate === undefined ? {} : pinned;
    return [nodeId, { uuid, agent: server(agent, options) }] as const;
  });
  const known = server(registrar, authority === undefined ? {} : { ca: read(authority) });
  return new KeylimeQuotes(desk, known, new Map(agents), makers, nowMs);
}

/** What the journal begins with; files and gateways may change from start to start. */
function configurationOf(table: Table): AttesterConfiguration {
  return {
    name: table.name,
    isolation: table.isolation,
    administrators: table.administrators,
    nodes: table.nodes,
    policies: table.policies,
    nonceTtlMs: table.nonceTtlMs,
    quoteDeadlineMs: table.quoteDeadlineMs,
    keyDeadlineMs: table.keyDeadlineMs,
    retryDelayMs: table.retryDelayMs,
    attempts: table.attempts,
    freshnessMs: table.freshnessMs,
    reattestIntervalMs: table.reattestIntervalMs,
    reportRetryMs: table.reportRetryMs,
    severities: {},
  };
}

/** @throws INPUT_CERTIFICATE */
function makersOf(table: Table, path: (given: string) => string): TrustedMakers {
  const read = (names: readonly string[]) =>
    names.flatMap((name) => {
      try {
        return readCertificates([readFileSync(path(name))]);
      } catch (cause) {
        const message = `there is no certificate: ${(cause as Error).message}`;
        const place = { file: path(name) };
        throw new OcxError({ code: 'INPUT_CERTIFICATE', message, place }, { cause });
      }
    });
  return { roots: read(table.makers), intermediates: read(table.intermediates) };
}
