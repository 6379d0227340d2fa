import test from 'ava';
import { terms } from '../../allocator/site.ts';
import { rest, START } from '../runner/live-site.ts';
import { ServedSite, type CallerName } from './served-site.ts';

const LEASE = terms({ startMs: START - 1, securityLevel: 'none' });

interface Told {
  readonly id: number;
  readonly kind: string;
  readonly data: { to: { name: string } };
}

/** A reader of events on a real connection. */
class Reader {
  readonly told: Told[] = [];
  readonly #abort = new AbortController();
  ended: Promise<void> = Promise.resolve();

  static async open(url: string, token: string, after?: number): Promise<Reader> {
    const reader = new Reader();
    const response = await fetch(`${url}/v1/events`, {
      headers: {
        authorization: `Bearer ${token}`,
        ...(after === undefined ? {} : { 'last-event-id': `${after}` }),
      },
      signal: reader.#abort.signal,
    });
    if (response.status !== 200) {
      await response.text();
      throw new Error(`${response.status}`);
    }
    reader.ended = reader.#read(response.body!).catch(() => {});
    return reader;
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) {
        const [, id, kind, data] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(block) ?? [];
        if (id) this.told.push({ id: Number(id), kind: kind!, data: JSON.parse(data!) as never });
      }
    }
  }

  async until(count: number): Promise<readonly Told[]> {
    for (let turn = 0; turn < 400 && this.told.length < count; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.told;
  }

  close(): void {
    this.#abort.abort();
  }
}

async function listening(t: Parameters<typeof ServedSite.open>[0]) {
  const served = await ServedSite.open(t);
  const url = await served.app.listen({ host: '127.0.0.1', port: 0 });
  return {
    served,
    read: (caller: CallerName, after?: number) => Reader.open(url, served.token(caller), after),
  };
}

test('each party is told its own, the administrator everything, as it happens', async (t) => {
  const { served, read } = await listening(t);
  const readers = await Promise.all([read('tenant'), read('stranger'), read('admin')]);
  const [tenant, stranger, admin] = readers;
  await served.send('a', 'POST /leases', LEASE);
  served.site.clock.set(START + 1);
  await rest();
  const kinds = (await tenant!.until(2)).map(({ kind }) => kind);
  t.deepEqual(kinds, ['LeaseStarted', 'NodeInAirlock']);
  const all = await admin!.until(4);
  t.deepEqual(
    all.map(({ kind, data }) => `${data.to.name} ${kind}`),
    ['org-a CommandDone', 'org-t LeaseStarted', 'org-a LeaseStarted', 'org-t NodeInAirlock'],
  );
  t.deepEqual(
    all.map(({ id }) => id),
    [1, 2, 3, 4],
  );
  t.deepEqual(stranger!.told, []);
  for (const reader of readers) reader!.close();
});

test('a reader that was cut off goes on after the last event that it saw', async (t) => {
  const { served, read } = await listening(t);
  const first = await read('tenant');
  await served.send('a', 'POST /leases', LEASE);
  served.site.clock.set(START + 1);
  const [begun] = await first.until(1);
  first.close();
  await first.ended;
  await served.send('tenant', 'POST /leases/lease-1/return', {});
  await rest();
  const second = await read('tenant', begun!.id);
  const told = await second.until(5);
  const ids = told.map(({ id }) => id);
  t.true(ids.every((id) => id > begun!.id));
  t.is(told.at(-1)!.kind, 'LeaseEnded');
  t.is(new Set(ids).size, ids.length);
  second.close();
});

test('too many streams of one party are refused, and closing one makes room', async (t) => {
  const { read } = await listening(t);
  const readers = await Promise.all(Array.from({ length: 16 }, () => read('tenant')));
  await t.throwsAsync(read('tenant'), { message: '429' });
  await t.notThrowsAsync(read('a').then((reader) => reader.close()));
  readers[0]!.close();
  await readers[0]!.ended;
  await new Promise((resolve) => setTimeout(resolve, 50));
  const next = await read('tenant');
  for (const reader of [...readers, next]) reader.close();
});

test('the end of the service ends open streams and finishes what was asked', async (t) => {
  const { served, read } = await listening(t);
  const reader = await read('tenant');
  const asked = served.send('a', 'POST /leases', LEASE);
  await rest();
  await served.app.close();
  await reader.ended;
  t.is((await asked).statusCode, 201);
  await t.throwsAsync(read('tenant'));
});
