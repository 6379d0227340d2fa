/**
 * The second key shares (Keylime's V) of an attestation service, in a file of its own: of each node
 * under a lease one, kept until it is revoked. A tenant may deposit a share that it has chosen;
 * otherwise one is made when it is first handed out: by chance, or from a secret that the tenant's
 * provisioner has as well (docs/boot.md). Revoked is overwritten.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { OcxError } from '../../core/kernel/errors.ts';
import type { Principal } from '../../core/kernel/service.ts';

/** As long as the secret of a credential may be: a digest of SHA-256. */
export const SHARE_BYTES = 32;
/** Deposits of one party that nothing was handed out of. */
const DEPOSITS_MAXIMUM = 1_000;

const SCHEMA = `
  PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;
  CREATE TABLE IF NOT EXISTS share (
    lease TEXT NOT NULL, node TEXT NOT NULL, party TEXT NOT NULL, share BLOB, sealed BLOB,
    sequence INTEGER NOT NULL, PRIMARY KEY (lease, node, party)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS share_node ON share (node, sequence);
`;

/** Whose share it is: a node under a lease, as one party had it attested. */
export interface ShareKey {
  readonly leaseId: string;
  readonly nodeId: string;
  readonly party: Principal;
}

export class KeyShares {
  readonly #database: DatabaseSync;
  readonly #make: (leaseId: string, nodeId: string) => Buffer;

  /**
   * @param path of the file; only this process's user can read it
   * @param make a share that nobody has deposited
   * @throws RESOURCE_KEY_SHARES
   */
  constructor(
    path: string,
    make: (leaseId: string, nodeId: string) => Buffer = () => randomBytes(SHARE_BYTES),
  ) {
    this.#make = make;
    try {
      closeSync(openSync(path, 'a', 0o600));
      this.#database = new DatabaseSync(path);
      this.#database.exec(SCHEMA);
    } catch (cause) {
      const message = `key shares cannot be kept there: ${(cause as Error).message}`;
      const place = { file: path };
      throw new OcxError({ code: 'RESOURCE_KEY_SHARES', message, place }, { cause });
    }
  }

  /** @throws CONFLICT_KEY_SHARE where another one was handed out or deposited, RESOURCE_QUOTA */
  deposit(key: ShareKey, share: Buffer): void {
    const known = this.#find(key);
    if (known) {
      if (known.share && Buffer.from(known.share).equals(share)) return;
      const message = 'another share was deposited, handed out or revoked for this node already';
      throw new OcxError({ code: 'CONFLICT_KEY_SHARE', message });
    }
    const query = 'SELECT count(*) AS n FROM share WHERE party = ? AND sequence = 0';
    const { n } = this.#database.prepare(query).get(partyOf(key)) as { n: number };
    if (n >= DEPOSITS_MAXIMUM) {
      const message = `${n} shares are deposited already`;
      throw new OcxError({ code: 'RESOURCE_QUOTA', message });
    }
    this.#database
      .prepare('INSERT INTO share VALUES (?, ?, ?, ?, NULL, 0)')
      .run(key.leaseId, key.nodeId, partyOf(key), share);
  }

  /**
   * Seals the share for the node, which can fetch it from then on.
   *
   * @param sequence of the effect: what is not newer than the last that was done does nothing
   * @returns false where it came late
   */
  release(key: ShareKey, sequence: number, seal: (share: Buffer) => Buffer): boolean {
    const known = this.#find(key);
    if (known && sequence < known.sequence) return false;
    const { leaseId, nodeId } = key;
    const share = known?.share ? Buffer.from(known.share) : this.#make(leaseId, nodeId);
    this.#database
      .prepare('INSERT OR REPLACE INTO share VALUES (?, ?, ?, ?, ?, ?)')
      .run(leaseId, nodeId, partyOf(key), share, seal(share), sequence);
    return true;
  }

  /** All parties' shares of the node under the lease are gone. */
  revoke(leaseId: string, nodeId: string, sequence: number): void {
    this.#database
      .prepare(
        `UPDATE share SET share = NULL, sealed = NULL, sequence = ?
         WHERE lease = ? AND node = ? AND sequence < ?`,
      )
      .run(sequence, leaseId, nodeId, sequence);
  }

  /** What was sealed for the node is of a boot that is over. */
  unseal(nodeId: string): void {
    this.#database.prepare('UPDATE share SET sealed = NULL WHERE node = ?').run(nodeId);
  }

  /** What was sealed for the node last, or null. */
  sealed(nodeId: string): Buffer | null {
    const query = `SELECT sealed FROM share WHERE node = ? AND sealed IS NOT NULL
      ORDER BY sequence DESC LIMIT 1`;
    const found = this.#database.prepare(query).get(nodeId);
    return found ? Buffer.from(found['sealed'] as Uint8Array) : null;
  }

  close(): void {
    this.#database.close();
  }

  #find(key: ShareKey): { share: Uint8Array | null; sequence: number } | undefined {
    const query = 'SELECT share, sequence FROM share WHERE lease = ? AND node = ? AND party = ?';
    return this.#database.prepare(query).get(key.leaseId, key.nodeId, partyOf(key)) as never;
  }
}

function partyOf({ party }: ShareKey): string {
  return `${party.role} ${party.name}`;
}
