import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import test, { type ExecutionContext } from 'ava';
import { uploadApi } from '../../../backends/http/upload-api.ts';
import type { Caller } from '../../../backends/http/tokens.ts';
import type { OcxError } from '../../../core/kernel/errors.ts';

async function place(t: ExecutionContext, mayWrite = true, reserveBytes = 0) {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-upload-'));
  const app = fastify();
  t.teardown(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });
  app.decorateRequest('caller', null);
  app.addHook('onRequest', (request, _, done) => {
    request.caller = { principal: { role: 'organisation', name: 'a' }, mayWrite } as Caller;
    done();
  });
  app.setErrorHandler((error, _, reply) =>
    reply.code(400).send({ code: (error as OcxError).code }),
  );
  uploadApi({ folder, uploadBytesMaximum: 1_000, reserveBytes })(app);
  const put = async (name: string, offset: number, payload: Buffer) => {
    const headers = { 'content-type': 'application/octet-stream' };
    const url = `/uploads/${name}/${offset}`;
    return (await app.inject({ method: 'PUT', url, headers, payload })).json();
  };
  const finish = async (name: string) =>
    (await app.inject({ method: 'POST', url: `/uploads/${name}` })).json();
  return { folder, put, finish };
}

function named(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

test('pieces in order, also sent twice, make an upload of the right content', async (t) => {
  const { folder, put, finish } = await place(t);
  const bytes = randomBytes(900);
  const name = named(bytes);
  t.deepEqual(await put(name, 0, bytes.subarray(0, 400)), { receivedBytes: 400 });
  t.like(await put(name, 500, bytes.subarray(500)), { code: 'CONFLICT_UPLOAD' });
  t.deepEqual(await put(name, 0, bytes.subarray(0, 400)), { receivedBytes: 400 });
  t.deepEqual(await put(name, 400, bytes.subarray(400)), { receivedBytes: 900 });
  t.deepEqual(readdirSync(folder), [`${name}.part`], 'nothing to import yet');
  t.deepEqual(await finish(name), { source: `upload/${name}` });
  t.deepEqual(await finish(name), { source: `upload/${name}` });
  t.deepEqual(readFileSync(join(folder, name)), bytes);
});

test('another content than the name says is thrown away', async (t) => {
  const { folder, put, finish } = await place(t);
  const name = named(Buffer.from('one'));
  await put(name, 0, Buffer.from('two'));
  t.like(await finish(name), { code: 'INPUT_UPLOAD' });
  t.deepEqual(readdirSync(folder), []);
  t.like(await finish(name), { code: 'NOT_FOUND_UPLOAD' });
});

test('size, number and names are bounded, and readers upload nothing', async (t) => {
  const { put } = await place(t);
  const name = named(Buffer.from('large'));
  t.like(await put(name, 0, Buffer.alloc(1_001)), { code: 'INPUT_IMAGE_TOO_LARGE' });
  t.like(await put('..%2f..%2fetc%2fpasswd', 0, Buffer.alloc(1)), { code: 'FST_ERR_VALIDATION' });
  for (let number = 0; number < 16; number++) {
    await put(named(Buffer.from(String(number))), 0, Buffer.alloc(1));
  }
  t.like(await put(name, 0, Buffer.alloc(1)), { code: 'RESOURCE_QUOTA' });
  const full = await place(t, true, 1e18);
  t.like(await full.put(name, 0, Buffer.alloc(1)), { code: 'RESOURCE_STORE_FULL' });
  t.deepEqual(readdirSync(full.folder), []);
  const reader = await place(t, false);
  t.like(await reader.put(name, 0, Buffer.alloc(1)), { code: 'DENIED_READ_ONLY' });
  t.deepEqual(readdirSync(reader.folder), []);
});
