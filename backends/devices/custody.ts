/**
 * What the process that holds the credentials has to remember: who may use which node's BMC, the
 * largest fencing token that each node's commands have had, and the largest epoch. On the disk
 * before it counts, so that a new process knows it too.
 *
 * The file is JSON lines, each the new value of one thing; a line that was cut off by a crash is
 * the last one and counts for nothing. Opening it writes it anew.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';

interface NodeCustody {
  readonly grantee: string | null;
  readonly fencingToken: number;
}

type Line = { readonly epoch: number } | ({ readonly nodeId: string } & NodeCustody);

const NOBODYS: NodeCustody = { grantee: null, fencingToken: 0 };

export class Custody {
  readonly #file: number;
  readonly #nodes = new Map<string, NodeCustody>();
  #epoch = 0;

  /** @throws RESOURCE_CUSTODY where the file is damaged: who may use what is not guessed */
  constructor(path: string) {
    if (existsSync(path)) this.#read(path);
    const fresh = `${path}.new`;
    const lines: Line[] = [{ epoch: this.#epoch }];
    for (const [nodeId, node] of this.#nodes) lines.push({ nodeId, ...node });
    this.#file = openSync(fresh, 'w', 0o600);
    writeSync(this.#file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    fsyncSync(this.#file);
    renameSync(fresh, path);
    const folder = openSync(dirname(path), 'r');
    fsyncSync(folder);
    closeSync(folder);
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Who may use the node's BMC; null: nobody. */
  grantee(nodeId: string): string | null {
    return this.#of(nodeId).grantee;
  }

  fencingToken(nodeId: string): number {
    return this.#of(nodeId).fencingToken;
  }

  /** From here on smaller epochs are refused. */
  advanceEpoch(epoch: number): void {
    if (epoch <= this.#epoch) return;
    this.#write({ epoch });
    this.#epoch = epoch;
  }

  /** From here on smaller tokens of the node are refused. */
  advanceToken(nodeId: string, fencingToken: number): void {
    const node = this.#of(nodeId);
    if (fencingToken > node.fencingToken) this.#set(nodeId, { ...node, fencingToken });
  }

  grant(nodeId: string, grantee: string | null): void {
    const node = this.#of(nodeId);
    if (node.grantee !== grantee) this.#set(nodeId, { ...node, grantee });
  }

  close(): void {
    closeSync(this.#file);
  }

  #of(nodeId: string): NodeCustody {
    return this.#nodes.get(nodeId) ?? NOBODYS;
  }

  #set(nodeId: string, node: NodeCustody): void {
    this.#write({ nodeId, ...node });
    this.#nodes.set(nodeId, node);
  }

  #write(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
    fdatasyncSync(this.#file);
  }

  #read(path: string): void {
    const lines = readFileSync(path, 'utf8').split('\n');
    // After the last newline there is nothing, or what a crash has cut off.
    lines.pop();
    for (const [index, text] of lines.entries()) {
      const line = parseLine(text);
      if (!line) {
        throw new OcxError({
          code: 'RESOURCE_CUSTODY',
          message: 'the record of who may use which BMC is damaged',
          place: { file: path, line: index + 1 },
          remedy: 'restore it; without it, end all leases before a new one is begun',
        });
      }
      if ('epoch' in line) this.#epoch = line.epoch;
      else {
        const { nodeId, grantee, fencingToken } = line;
        this.#nodes.set(nodeId, { grantee, fencingToken });
      }
    }
  }
}

function parseLine(text: string): Line | null {
  try {
    const line = JSON.parse(text) as Record<string, unknown>;
    if (Number.isSafeInteger(line['epoch'])) return line as unknown as Line;
    const isNode =
      typeof line['nodeId'] === 'string' &&
      (line['grantee'] === null || typeof line['grantee'] === 'string') &&
      Number.isSafeInteger(line['fencingToken']);
    return isNode ? (line as unknown as Line) : null;
  } catch {
    return null;
  }
}
