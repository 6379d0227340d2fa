/**
 * Cases of `audit-log`: the hash chain over records, and the commitment to a sheet of orders.
 *
 * hash of a record = SHA-256(hash before as 64 hex digits ‖ canonical JSON of the record); before
 * the first stand 64 zeros. commitment = SHA-256(canonical JSON of the sheet).
 */
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { GENESIS_HASH, recordHash } from '../../kernel/journal.ts';
import { sha256Hex } from '../../kernel/sha256.ts';
import type { CaseSolver } from './case.ts';
import { asList, asRecord, invalid, member } from './input.ts';

/** JSON deeper than this is no record. */
const MOST_LEVELS = 100;

/** The hash of every record, in order, and the commitment. */
export const solveAuditLog: CaseSolver = (input) => {
  const fields = asRecord(input, 'input');
  const records = asList(member(fields, 'records'), 'input.records');
  const bidForCommit = member(fields, 'bidForCommit');
  let prev = GENESIS_HASH;
  const hashes = records.map((record, i) => {
    const body = shallowRecord(record, `input.records[${i}]`);
    return (prev = recordHash(sha256Hex, prev, body));
  });
  if (bidForCommit === undefined) return { hashes };
  const sheet = shallowRecord(bidForCommit, 'input.bidForCommit');
  return { hashes, commitment: sha256Hex(canonicalJson(sheet)) };
};

function shallowRecord(value: unknown, keyPath: string): Record<string, unknown> {
  const record = asRecord(value, keyPath);
  if (isShallow(record, MOST_LEVELS)) return record;
  throw invalid(keyPath, `it is nested more than ${MOST_LEVELS} levels deep`);
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isShallow(member, levels - 1));
}
