/** Answers of a Keylime registrar and agent, made from Keylime's documentation of its REST API. */
import test, { type ExecutionContext } from 'ava';
import { KeylimeQuotes } from '../../../backends/keylime/keylime-quotes.ts';
import { readPcrBlob } from '../../../backends/keylime/pcr-blob.ts';
import { serverOf } from '../../../backends/peers/server.ts';
import type { AttesterWorld } from '../../../backends/runner/attestation.ts';
import { readCertificates } from '../../../backends/tpm/endorsement.ts';
import { NEEDED_PCRS } from '../../../backends/tpm/references.ts';
import type { Outcome } from '../../../core/kernel/service.ts';
import { FakePeer } from '../peers/fake-peer.ts';
import { MadeAuthority } from '../tpm/made-authority.ts';
import { profileEvents } from '../tpm/made-log.ts';
import { MadeTpm } from '../tpm/made-tpm.ts';

const UUID = 'd432fbb3-d2f1-4a97-9ef7-75bd81c00000';
const NONCE = 'ab'.repeat(39);

/** As tpm2-tools write it: structures as they lie in memory. */
function pcrBlob(pcrs: Readonly<Record<string, string>>): Buffer {
  const indexes = Object.keys(pcrs).map(Number);
  const blob = Buffer.alloc(4 + 16 * 8 + 4 + 2 * (4 + 8 * 66));
  blob.writeUInt32LE(1, 0);
  blob.writeUInt16LE(0x0b, 4);
  blob[6] = 3;
  blob.writeUIntLE(
    indexes.reduce((bits, index) => bits | (1 << index), 0),
    ...([7, 3] as const),
  );
  blob.writeUInt32LE(2, 132);
  indexes.forEach((index, place) => {
    const list = 136 + (place >> 3) * 532;
    blob.writeUInt32LE((place & 7) + 1, list);
    const at = list + 4 + (place & 7) * 66;
    blob.writeUInt16LE(32, at);
    Buffer.from(pcrs[index]!, 'hex').copy(blob, at + 2);
  });
  return blob;
}

interface Scene {
  /** What the agent quotes over, in place of what it was asked to. */
  nonce?: string;
  registered?: Record<string, unknown>;
  answer?: Record<string, unknown>;
  signer?: MadeTpm;
  readonly tpm: MadeTpm;
  readonly quotes: KeylimeQuotes;
  readonly agent: FakePeer;
}

async function open(t: ExecutionContext): Promise<Scene> {
  const [registrar, agent] = await Promise.all([FakePeer.open(t), FakePeer.open(t)]);
  const authority = new MadeAuthority();
  const tpm = new MadeTpm(authority);
  tpm.boot(profileEvents());
  const others = {
    requestQuote: () => Promise.resolve({ status: 'ok', value: 'of the others' }),
  } as unknown as AttesterWorld;
  const quotes = new KeylimeQuotes(
    ...([others, serverOf(registrar.url)] as const),
    new Map([['n1', { uuid: UUID, agent: serverOf(agent.url) }]]),
    { roots: readCertificates([authority.root]), intermediates: [] },
    () => Date.now(),
  );
  const scene: Scene = { tpm, quotes, agent };
  registrar.answer = ({ path }, response) => {
    const keys = {
      aik_tpm: tpm.attestationKey.toString('base64'),
      ek_tpm: tpm.endorsementKey.toString('base64'),
      ekcert: tpm.certificate.toString('base64'),
    };
    const results = path === `/v2.1/agents/${UUID}` ? { ...keys, ...scene.registered } : null;
    response.end(JSON.stringify({ code: 200, status: 'Success', results }));
  };
  agent.answer = ({ path }, response) => {
    const asked = new URL(path, 'http://agent').searchParams;
    const over = Buffer.from(scene.nonce ?? asked.get('nonce')!, 'latin1').toString('hex');
    const signer = scene.signer ?? tpm;
    const told = signer.quote(over, Buffer.alloc(0)) as Record<string, string>;
    const blob = pcrBlob(signer.pcrs).toString('base64');
    const results = {
      quote: `r${told['quote']}:${told['signature']}:${blob}`,
      ...{ hash_alg: 'sha256', enc_alg: 'ecc', sign_alg: 'ecdsa', boottime: 9 },
      mb_measurement_list: told['eventLog'],
      ...scene.answer,
    };
    response.end(JSON.stringify({ code: 200, status: 'Success', results }));
  };
  return scene;
}

function ask({ quotes }: Scene, nodeId = 'n1', withinMs = 60_000): Promise<Outcome<unknown>> {
  const deadlineMs = Date.now() + withinMs;
  const about = { effectId: 'a/1', leaseId: 'l', nodeId, nonce: NONCE, deadlineMs };
  return quotes.requestQuote({ kind: 'RequestQuote', ...about }, 4);
}

test('a Keylime agent’s quote becomes one that the attestation service judges as any other', async (t) => {
  const scene = await open(t);
  const outcome = await ask(scene);
  t.like(outcome, {
    status: 'ok',
    value: {
      ...{ nonce: NONCE, bootCount: 4, resetCount: 1, signatureValid: true },
      endorsementKeyHash: scene.tpm.endorsementKeyHash,
      ...{ pcrs: scene.tpm.pcrs, replayedPcrs: scene.tpm.pcrs, runtimeDigests: null },
    },
  });
  const { path } = scene.agent.calls[0]!;
  t.regex(path, /^\/v2\.1\/quotes\/integrity\?nonce=[0-9a-f]{64}&mask=0xabf&partial=1$/);
  t.deepEqual(await ask(scene, 'n2'), { status: 'ok', value: 'of the others' });
});

const stranger = new MadeAuthority();
for (const [name, code, change] of [
  ['over another nonce', 'ATTEST_NONCE', () => ({ nonce: '0'.repeat(64) })],
  [
    'signed by another TPM',
    'ATTEST_SIGNATURE',
    () => {
      const signer = new MadeTpm(stranger);
      signer.boot(profileEvents());
      return { signer };
    },
  ],
  ['that is none', 'ATTEST_MALFORMED', () => ({ answer: { quote: 'rAAAA:AAAA' } })],
  ['without its log', 'ATTEST_MALFORMED', () => ({ answer: { mb_measurement_list: null } })],
  [
    'of a TPM of an unknown maker',
    'ATTEST_CERTIFICATE',
    () => ({ registered: { ekcert: new MadeTpm(stranger).certificate.toString('base64') } }),
  ],
  [
    'of a node without a certificate',
    'ATTEST_CERTIFICATE',
    () => ({ registered: { ekcert: null } }),
  ],
  ['of a key that is none', 'ATTEST_MALFORMED', () => ({ registered: { aik_tpm: 'AAAA' } })],
  [
    'of an endorsement key as attestation key',
    'ATTEST_ATTESTATION_KEY',
    (scene: Scene) => ({
      registered: { aik_tpm: scene.tpm.endorsementKey.toString('base64') },
    }),
  ],
] as const) {
  test(`a quote ${name} is ${code}`, async (t) => {
    const scene = await open(t);
    Object.assign(scene, change(scene));
    const outcome = await ask(scene);
    t.is(outcome.status === 'noEffect' && outcome.error.code, code);
  });
}

test('a silent agent is silence, not a bad quote, and is asked again until the deadline', async (t) => {
  const scene = await open(t);
  scene.agent.answer = (_, response) => response.destroy();
  const outcome = await ask(scene, 'n1', 50);
  t.is(outcome.status === 'noEffect' && outcome.error.code, 'ATTEST_SILENT');
});

test('PCR values are read from any bytes, or not at all', async (t) => {
  const { tpm } = await open(t);
  const good = pcrBlob(tpm.pcrs);
  const read = readPcrBlob(good)!;
  t.deepEqual([...read.keys()], [...NEEDED_PCRS]);
  t.is(read.get(11)!.toString('hex'), tpm.pcrs['11']!);
  const changed = (change: (blob: Buffer) => void) => {
    const blob = Buffer.from(good);
    change(blob);
    return readPcrBlob(blob);
  };
  t.is(readPcrBlob(good.subarray(1)), null);
  t.is(readPcrBlob(Buffer.alloc(0)), null);
  t.is(readPcrBlob(Buffer.concat([good, good])), null);
  t.is(
    changed((blob) => blob.writeUInt32LE(17, 0)),
    null,
    'too many banks',
  );
  t.is(
    changed((blob) => blob.writeUInt16LE(4, 4)),
    null,
    'SHA-1',
  );
  t.is(
    changed((blob) => (blob[7] = 1)),
    null,
    'fewer PCRs than values',
  );
  t.is(
    changed((blob) => blob.writeUInt16LE(20, 140)),
    null,
    'a short digest',
  );
  t.is(
    changed((blob) => blob.writeUInt16LE(65, 140)),
    null,
    'a digest beyond its room',
  );
  t.is(
    changed((blob) => blob.writeUInt32LE(9, 136)),
    null,
    'a list beyond its room',
  );
  t.is(
    changed((blob) => blob.writeUInt32LE(3, 132)),
    null,
    'a list that is not there',
  );
});
