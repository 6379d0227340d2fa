/**
 * A store as a process has it that may be killed: nothing more is written then. Its disk may be slow,
 * and a plant may keep something else than was handed over.
 */
import {
  recordsOf,
  type Store,
  type StoredReply,
  type StoreEntry,
} from '../../backends/store/store.ts';
import type { Kept } from '../../sim/resimulation/kept.ts';
import type { JournalRecord } from '../../core/kernel/journal.ts';

export interface MortalStoreOptions {
  readonly isAlive: () => boolean;
  /** Waits for the disk. */
  readonly disk?: () => Promise<void>;
  readonly plant?: (entry: StoreEntry) => StoreEntry;
}

export function mortalStore(store: Store, options: MortalStoreOptions): Store {
  const { isAlive, disk, plant = (entry) => entry } = options;
  const never = new Promise<never>(() => {});
  return {
    openWriter: async (journal) => {
      const writer = await store.openWriter(journal);
      let before = Promise.resolve();
      const append = async (entries: readonly StoreEntry[]) => {
        if (disk) {
          const turn = before.then(disk);
          before = turn;
          await turn;
        }
        return isAlive() ? writer.append(entries.map(plant)) : never;
      };
      return {
        ...{ epoch: writer.epoch, head: writer.head, append },
        confirm: () => (isAlive() ? writer.confirm() : never),
        sign: () => writer.sign().catch(() => {}),
        resign: async () => (isAlive() ? writer.resign() : undefined),
      };
    },
    texts: (journal, from) => store.texts(journal, from),
    silenceMs: (journal) => store.silenceMs(journal),
    reply: (journal, id) => store.reply(journal, id),
    messages: (journal, query) => store.messages(journal, query),
    close: async () => {},
  };
}

/** All that a store has at the end. */
export async function keptIn(
  store: Store,
  journal: string,
): Promise<{ readonly records: readonly JournalRecord[]; readonly kept: Kept }> {
  const records: JournalRecord[] = [];
  for await (const record of recordsOf(store, journal, 1)) records.push(record);
  const replies = new Map<string, StoredReply['reply']>();
  for (const { event } of records) {
    const { commandId } = event as { readonly commandId?: string };
    const stored = commandId === undefined ? null : await store.reply(journal, commandId);
    if (stored) replies.set(stored.commandId, stored.reply);
  }
  const messages = await store.messages(journal, { after: 0, limit: 1_000_000, to: null });
  return { records, kept: { replies, messages } };
}
