/**
 * What every store must keep, whatever it is made of. A store's own test file calls this with a way
 * to open it; opening the same place again is what another process does.
 */
import { createHash } from 'node:crypto';
import type { ExecutionContext, TestFn } from 'ava';
import { recordsOf } from '../../backends/store/store.ts';
import type { Store, StoreEntry, StoreWriter } from '../../backends/store/store.ts';
import { EMPTY_HEAD, journalWriter, verifyChain } from '../../core/kernel/journal.ts';
import type { JournalHead, JournalRecord } from '../../core/kernel/journal.ts';
import type { Principal, ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';

/** One place of a store, which may be opened several times. */
export interface StorePlace {
  open(): Promise<Store>;
  remove(): Promise<void>;
}

const A: Principal = { role: 'organisation', name: 'org-a' };
const B: Principal = { role: 'organisation', name: 'org-b' };

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

interface Numbered extends ServiceEvent {
  readonly number: number;
}

/** Entries numbered from the head on, chained as a journal is. */
export function entriesAfter(head: JournalHead, count: number, mark = ''): StoreEntry[] {
  const writer = journalWriter<object, Numbered, ServiceEffect>(sha256, head);
  return Array.from({ length: count }, (_, index) => {
    const number = head.seq + index + 1;
    const event = { kind: `Test${mark}`, timeMs: number, number };
    const commandId = `command-${mark}${number}`;
    const to = number % 2 === 0 ? A : B;
    return {
      record: writer.append(event, [], {}),
      reply: {
        commandId,
        requestHash: sha256(commandId),
        reply: { refusal: null, result: number },
      },
      messages: [{ to, body: { number } }],
    };
  });
}

/** The records of a journal from one on. */
export async function readAll(
  store: Store,
  from = 1,
  journal = 'isolation',
): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const record of recordsOf(store, journal, from)) records.push(record);
  return records;
}

function headOf(entries: readonly StoreEntry[]): JournalHead {
  return entries.at(-1)?.record ?? EMPTY_HEAD;
}

/** Registers the whole suite with `test`. */
export function storeContract(name: string, test: TestFn, place: () => Promise<StorePlace>): void {
  const contract = (
    title: string,
    body: (t: ExecutionContext, store: Store, reopen: () => Promise<Store>) => Promise<void>,
  ) =>
    test(`${name}: ${title}`, async (t) => {
      const here = await place();
      const open: Store[] = [];
      const reopen = async () => {
        open.push(await here.open());
        return open.at(-1)!;
      };
      t.teardown(async () => {
        for (const store of open) await store.close().catch(() => {});
        await here.remove();
      });
      await body(t, await reopen(), reopen);
    });

  contract(
    'what was appended is there, in order and whole, for whoever opens it',
    async (t, store, reopen) => {
      const writer = await store.openWriter('isolation');
      t.deepEqual(writer.head, EMPTY_HEAD);
      const entries = entriesAfter(EMPTY_HEAD, 1_203);
      await Promise.all([writer.append(entries.slice(0, 3)), writer.append(entries.slice(3))]);
      const other = await reopen();
      const records = await readAll(other);
      t.deepEqual(
        records,
        entries.map(({ record }) => record),
      );
      t.is(verifyChain(sha256, records), null);
      t.deepEqual(
        (await readAll(other, 1_200)).map(({ seq }) => seq),
        [1_200, 1_201, 1_202, 1_203],
      );
      t.deepEqual(await readAll(other, 1_204), []);
      t.deepEqual(await readAll(other, 1, 'another'), []);
    },
  );

  contract('a writer goes on where the last one ended', async (t, store, reopen) => {
    const first = await store.openWriter('isolation');
    const entries = entriesAfter(EMPTY_HEAD, 5);
    await first.append(entries);
    await store.close();
    const second = await (await reopen()).openWriter('isolation');
    t.is(second.epoch, first.epoch + 1);
    t.deepEqual({ ...second.head }, { seq: 5, hash: headOf(entries).hash });
    await second.append(entriesAfter(second.head, 2));
    t.is((await readAll(await reopen())).length, 7);
  });

  contract('a writer of an earlier epoch can write nothing any more', async (t, store, reopen) => {
    const old = await store.openWriter('isolation');
    await old.append(entriesAfter(EMPTY_HEAD, 2));
    await t.notThrowsAsync(old.confirm());
    const other = await reopen();
    const successor = await other.openWriter('isolation');
    await t.throwsAsync(old.confirm(), { code: 'CONFLICT_EPOCH' });
    await t.throwsAsync(old.append(entriesAfter(successor.head, 1)), { code: 'CONFLICT_EPOCH' });
    await successor.append(entriesAfter(successor.head, 1, 'successor'));
    await t.throwsAsync(old.append(entriesAfter(successor.head, 1)), { code: 'CONFLICT_EPOCH' });
    t.deepEqual(
      (await readAll(other)).map(({ event }) => event.kind),
      ['Test', 'Test', 'Testsuccessor'],
    );
  });

  contract('what does not follow the last record is refused, whole', async (t, store, reopen) => {
    for (const [index, wrong] of [
      [0, (): StoreEntry[] => entriesAfter({ seq: 1, hash: EMPTY_HEAD.hash }, 1)],
      [1, (): StoreEntry[] => entriesAfter({ seq: 0, hash: 'f'.repeat(64) }, 1)],
      [2, (): StoreEntry[] => [...entriesAfter(EMPTY_HEAD, 3), ...entriesAfter(EMPTY_HEAD, 1)]],
    ] as const) {
      const writer = await store.openWriter(`journal-${index}`);
      await t.throwsAsync(writer.append(wrong()), { code: 'CONFLICT_HEAD' });
      t.deepEqual(await readAll(await reopen(), 1, `journal-${index}`), []);
      t.is(await store.reply(`journal-${index}`, 'command-1'), null);
      t.deepEqual(await store.messages(`journal-${index}`, { after: 0, limit: 9, to: null }), []);
    }
  });

  contract(
    'after a failure a writer refuses all that waits and all that comes',
    async (t, store) => {
      const writer = await store.openWriter('isolation');
      const gap = writer.append(entriesAfter({ seq: 7, hash: EMPTY_HEAD.hash }, 1));
      const waiting = writer.append(entriesAfter(EMPTY_HEAD, 1));
      await t.throwsAsync(gap, { code: 'CONFLICT_HEAD' });
      await t.throwsAsync(waiting, { code: 'CONFLICT_HEAD' });
      await t.throwsAsync(writer.append(entriesAfter(EMPTY_HEAD, 1)), { code: 'CONFLICT_HEAD' });
      t.deepEqual(await readAll(store), []);
    },
  );

  contract('the answer to a request is kept with its event', async (t, store, reopen) => {
    const writer = await store.openWriter('isolation');
    t.is(await store.reply('isolation', 'command-1'), null);
    const entries = entriesAfter(EMPTY_HEAD, 2);
    await writer.append(entries);
    const other = await reopen();
    t.deepEqual(await other.reply('isolation', 'command-2'), entries[1]!.reply);
    t.is(await other.reply('another', 'command-2'), null);
  });

  contract('no request is answered twice', async (t, store) => {
    const writer = await store.openWriter('isolation');
    const [first] = entriesAfter(EMPTY_HEAD, 1);
    await writer.append([first!]);
    const [second] = entriesAfter(first!.record, 1);
    const again = { ...second!, reply: { ...second!.reply!, commandId: 'command-1' } };
    await t.throwsAsync(writer.append([again]), { code: 'RESOURCE_STORE' });
    t.is((await readAll(store)).length, 1);
  });

  contract(
    'messages are numbered without gaps and read on from any place',
    async (t, store, reopen) => {
      const writer = await store.openWriter('isolation');
      const entries = entriesAfter(EMPTY_HEAD, 10);
      await writer.append(entries.slice(0, 4));
      await writer.append(entries.slice(4));
      const other = await reopen();
      const numbers = async (after: number, limit: number, to: Principal | null) =>
        (await other.messages('isolation', { after, limit, to })).map(({ cursor }) => cursor);
      t.deepEqual(await numbers(0, 99, null), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      t.deepEqual(await numbers(3, 3, null), [4, 5, 6]);
      t.deepEqual(await numbers(3, 2, A), [4, 6]);
      t.deepEqual(await numbers(0, 99, { ...A, role: 'service' }), []);
      const [message] = await other.messages('isolation', { after: 6, limit: 1, to: B });
      t.deepEqual(message, { cursor: 7, seq: 7, to: B, body: { number: 7 } });
    },
  );

  contract('of two that open at once, exactly one can write', async (t, store, reopen) => {
    const other = await reopen();
    const writers: StoreWriter[] = await Promise.all([
      store.openWriter('isolation'),
      other.openWriter('isolation'),
    ]);
    const results = await Promise.allSettled(
      writers.map((writer) => writer.append(entriesAfter(EMPTY_HEAD, 1))),
    );
    t.is(results.filter(({ status }) => status === 'fulfilled').length, 1);
    t.is((await readAll(store)).length, 1);
  });

  contract(
    'a writer’s silence is seen by others, and ends with a sign or an append',
    async (t, store, reopen) => {
      const other = await reopen();
      t.is(await other.silenceMs('isolation'), Infinity);
      const writer = await store.openWriter('isolation');
      const wait = () => new Promise((resolve) => setTimeout(resolve, 120));
      for (const speak of [() => writer.sign(), () => writer.append(entriesAfter(EMPTY_HEAD, 1))]) {
        await wait();
        const silenceMs = await other.silenceMs('isolation');
        t.true(silenceMs >= 100 && silenceMs < 60_000, `${silenceMs}`);
        await speak();
        t.true((await other.silenceMs('isolation')) < silenceMs + 100);
      }
      await writer.resign();
      t.is(await other.silenceMs('isolation'), Infinity);
      const successor = await other.openWriter('isolation');
      t.true((await store.silenceMs('isolation')) < 60_000);
      await t.throwsAsync(writer.sign(), { code: 'CONFLICT_EPOCH' });
      await t.throwsAsync(writer.resign(), { code: 'CONFLICT_EPOCH' });
      await t.notThrowsAsync(successor.sign());
    },
  );

  contract('two journals of one store do not meet', async (t, store) => {
    const [first, second] = [await store.openWriter('one'), await store.openWriter('two')];
    await Promise.all([
      first.append(entriesAfter(EMPTY_HEAD, 3)),
      second.append(entriesAfter(EMPTY_HEAD, 2)),
    ]);
    t.deepEqual(
      [(await readAll(store, 1, 'one')).length, (await readAll(store, 1, 'two')).length],
      [3, 2],
    );
  });

  contract('what was handed over before the end is kept', async (t, store, reopen) => {
    const writer = await store.openWriter('isolation');
    const appended = writer.append(entriesAfter(EMPTY_HEAD, 2));
    await store.close();
    await t.notThrowsAsync(appended);
    t.is((await readAll(await reopen())).length, 2);
  });
}
