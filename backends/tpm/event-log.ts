/**
 * The log of what firmware measured before the system ran: TCG PC Client Platform Firmware
 * Profile, crypto-agile form (TCG_PCR_EVENT2 after a Spec ID event). The log is not signed; what
 * makes it true is that it replays to PCRs that are. Any bytes give a value or a finding.
 */
import { createHash } from 'node:crypto';
import { algorithmOf, digestBytes, digestBytesOf } from './algorithms.ts';
import type { HashName } from './algorithms.ts';
import { ByteReader } from './bytes.ts';
import { found, wrong } from './findings.ts';
import type { Found } from './findings.ts';
import { PCR_COUNT } from './pcrs.ts';

/** A log of a server is some tens of KiB; more is refused unread. */
export const MOST_LOG_BYTES = 1024 * 1024;
export const MOST_EVENTS = 8_192;
const MOST_BANKS = 16;
const SHA1_BYTES = 20;

/** Extends no PCR. */
const EV_NO_ACTION = 0x0000_0003;
const SPEC_ID = Buffer.from('Spec ID Event03\0', 'latin1');
const STARTUP_LOCALITY = Buffer.from('StartupLocality\0', 'latin1');
/** Where TPM2_Startup can come from, and what it leaves in PCR 0 (TPM 2.0 Library, Part 3, 9.3). */
const START_LOCALITIES: readonly number[] = [0, 3, 4];

/** One measurement. */
export interface MeasuredEvent {
  readonly pcr: number;
  readonly type: number;
  /** Number of the algorithm → digest. */
  readonly digests: ReadonlyMap<number, Buffer>;
  readonly data: Buffer;
}

/** A log, read. */
export interface EventLog {
  /** Numbers of the algorithms that each event has a digest of. */
  readonly algorithms: readonly number[];
  readonly events: readonly MeasuredEvent[];
}

export function parseEventLog(bytes: Uint8Array): Found<EventLog> {
  if (bytes.length > MOST_LOG_BYTES) return malformed('it is too long');
  const reader = new ByteReader(bytes);
  const widths = readSpecId(reader);
  if (widths === null) return malformed('it does not begin with the event that names its form');
  const events: MeasuredEvent[] = [];
  while (!reader.isAtEnd) {
    if (events.length === MOST_EVENTS) return malformed('it has too many events');
    events.push(readEvent(reader, widths));
  }
  if (reader.failed) return malformed(`event ${events.length} is cut off or out of form`);
  return found({ algorithms: [...widths.keys()], events });
}

/** The first event, in the form of before: algorithm → bytes of its digests. */
function readSpecId(reader: ByteReader): Map<number, number> | null {
  const pcr = reader.u32Little();
  const type = reader.u32Little();
  reader.take(SHA1_BYTES);
  const body = new ByteReader(reader.take(reader.u32Little()));
  if (reader.failed || pcr !== 0 || type !== EV_NO_ACTION) return null;
  if (!body.take(SPEC_ID.length).equals(SPEC_ID)) return null;
  body.take(8);
  const count = body.u32Little();
  if (count === 0 || count > MOST_BANKS) return null;
  const widths = new Map<number, number>();
  for (let place = 0; place < count; place += 1) {
    const algorithm = body.u16Little();
    const bytes = body.u16Little();
    const known = digestBytesOf(algorithm);
    if (bytes === 0 || bytes > 64 || (known !== undefined && known !== bytes)) return null;
    widths.set(algorithm, bytes);
  }
  body.take(body.u8());
  return body.isWholeAndDone && widths.size === count ? widths : null;
}

function readEvent(reader: ByteReader, widths: ReadonlyMap<number, number>): MeasuredEvent {
  const pcr = reader.u32Little();
  const type = reader.u32Little();
  const count = reader.u32Little();
  if (pcr >= PCR_COUNT && type !== EV_NO_ACTION) reader.fail();
  if (count !== widths.size) reader.fail();
  const digests = new Map<number, Buffer>();
  for (let place = 0; place < count && !reader.failed; place += 1) {
    const algorithm = reader.u16Little();
    const bytes = widths.get(algorithm);
    if (bytes === undefined || digests.has(algorithm)) reader.fail();
    else digests.set(algorithm, reader.take(bytes));
  }
  const data = reader.take(reader.u32Little());
  return { pcr, type, digests, data };
}

/**
 * The PCRs that the log replays to, of one bank: all that it extends, and those of `indexes` that
 * it does not, as they are after a reset.
 */
export function replay(
  log: EventLog,
  bank: HashName,
  indexes: readonly number[],
): Found<ReadonlyMap<number, Buffer>> {
  const algorithm = algorithmOf(bank);
  if (!log.algorithms.includes(algorithm)) {
    return wrong('ATTEST_LOG_MISMATCH', `the log has no digests of the bank ${bank}`);
  }
  const values = new Map<number, Buffer>();
  for (const index of indexes) values.set(index, afterReset(index, bank));
  let extended = false;
  for (const event of log.events) {
    if (event.type === EV_NO_ACTION) {
      const locality = startupLocality(event);
      if (locality === null) continue;
      // Said before anything was measured into PCR 0, or made up.
      if (extended || !START_LOCALITIES.includes(locality)) {
        return wrong('ATTEST_LOG_MISMATCH', 'the log tells of a start that cannot be');
      }
      const start = afterReset(0, bank);
      start[start.length - 1] = locality;
      values.set(0, start);
      continue;
    }
    if (event.pcr === 0) extended = true;
    const before = values.get(event.pcr) ?? afterReset(event.pcr, bank);
    const digest = event.digests.get(algorithm)!;
    values.set(event.pcr, createHash(bank).update(before).update(digest).digest());
  }
  return found(values);
}

/** PCRs 17–22 belong to a dynamic root of trust and are all ones until it has run. */
function afterReset(index: number, bank: HashName): Buffer {
  return Buffer.alloc(digestBytes(bank), index >= 17 && index <= 22 ? 0xff : 0);
}

function startupLocality({ pcr, data }: MeasuredEvent): number | null {
  if (pcr !== 0 || data.length !== STARTUP_LOCALITY.length + 1) return null;
  if (!data.subarray(0, STARTUP_LOCALITY.length).equals(STARTUP_LOCALITY)) return null;
  return data[STARTUP_LOCALITY.length]!;
}

function malformed(why: string): Found<never> {
  return wrong('ATTEST_MALFORMED', `that is no log of measurements: ${why}`);
}
