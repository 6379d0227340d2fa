/**
 * What an agent keeps over a restart, in one file that is replaced as a whole: how far it has read, which
 * rounds it has bid in, the contracts that are under way and the nodes that it has. Everything that is
 * done twice because the file is older than the world changes nothing the second time.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import type { AgentMemory } from '../../core/agents/agent.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { OwnContract } from '../../core/market/exchange/protocol.ts';
import type { OrderSheet } from '../../core/market/sealing/commitment.ts';

/** A borrowed node, from its being ready until it is gone from the cluster. */
export interface HeldNode {
  readonly nodeId: string;
  readonly leaseId: string;
  readonly nodeClass: string;
  endMs: TimeMs;
  stage: 'coming' | 'added' | 'drained';
  /** Rounds in a row in which there was no use for it. */
  idleRounds: number;
  /** It goes back before its lease ends, and its price with it. */
  isReturned: boolean;
}

export interface KeptContract {
  readonly contract: OwnContract;
  leaseId: string | null;
  nodeIds: readonly string[];
  endMs: TimeMs;
}

export interface AgentRecord {
  readonly schema: 'ocx-agent/1';
  /** Place in the market's messages to this organisation, and in the orchestrator's news. */
  marketCursor: number;
  newsCursor: number;
  /** When the agent first ran: second 0 of a file of jobs. */
  originMs?: TimeMs;
  /** What the strategy remembers. */
  memory: AgentMemory;
  /** The last round that was bid in; −1: none. */
  roundId: number;
  /** Contracts of the round that was bid in last, for what the strategy learns from. */
  fills: OwnContract[];
  /** Committed to and not revealed yet. */
  sheet: { readonly roundId: number; readonly sheet: OrderSheet } | null;
  readonly contracts: Record<string, KeptContract>;
  readonly nodes: Record<string, HeldNode>;
}

export class AgentFile {
  readonly record: AgentRecord;
  readonly #path: string;

  /** @throws INPUT_AGENT_FILE where the file is of something else */
  constructor(path: string) {
    this.#path = path;
    this.record = readRecord(path);
  }

  /** On the disk before it returns. */
  save(): void {
    const temporary = `${this.#path}.new`;
    const file = openSync(temporary, 'w', 0o600);
    try {
      writeSync(file, JSON.stringify(this.record));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, this.#path);
  }
}

function readRecord(path: string): AgentRecord {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return {
      ...{ schema: 'ocx-agent/1', marketCursor: 0, newsCursor: 0, memory: {}, roundId: -1 },
      ...{ fills: [], sheet: null, contracts: {}, nodes: {} },
    };
  }
  try {
    const record = JSON.parse(text) as AgentRecord;
    if (record.schema === 'ocx-agent/1') return record;
  } catch {
    // Told below.
  }
  throw new OcxError({
    code: 'INPUT_AGENT_FILE',
    message: 'this is not what an agent keeps',
    place: { file: path },
    remedy: 'give --state another path; contracts and leases are known again from the services',
  });
}
