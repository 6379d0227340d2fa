/**
 * An OVSDB server in memory, as far as the driver goes (RFC 7047): transactions that are carried
 * out whole or not at all, locks, and a daemon behind it that takes over what the database wants.
 */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { JsonStream } from '../../../../backends/switches/openvswitch/json-stream.ts';

type Row = Record<string, unknown>;
type Tables = Record<string, Row[]>;
interface Operation {
  readonly op: string;
  readonly table: string;
  readonly where: readonly (readonly [string, string, unknown])[];
  readonly row: Row;
  readonly rows: readonly Row[];
  readonly columns: readonly string[];
  readonly mutations: readonly unknown[][];
  readonly lock: string;
  readonly 'uuid-name': string;
}

const EMPTY = ['set', []];
/** Columns of a new row, where nothing is said of them. */
const FRESH: Record<string, Row> = {
  Interface: { ofport: EMPTY, error: EMPTY },
  Port: { tag: EMPTY, trunks: EMPTY, vlan_mode: EMPTY, cvlans: EMPTY },
};

class Refused extends Error {}

export class OvsdbEmulator {
  tables: Tables = {
    Open_vSwitch: [{ _uuid: ['uuid', 'root'], cur_cfg: 0, next_cfg: 0 }],
    Bridge: [
      { _uuid: ['uuid', 'bridge'], name: 'br0', ports: EMPTY, external_ids: ['map', []] },
      { _uuid: ['uuid', 'other'], name: 'br1', ports: EMPTY, external_ids: ['map', []] },
    ],
    Port: [],
    Interface: [],
  };
  /** Everything that was asked for. */
  readonly log: unknown[] = [];
  /** The daemon does not get to what the database wants. */
  isDaemonDead = false;
  /** Answers come in pieces, and others are in between. */
  isChatty = true;
  /** What every connection begins with. */
  noise = '';
  /** A message with this text is left lying, with all that follow it on its connection. */
  holdsOn: string | null = null;
  #owners = new Map<string, Socket>();
  readonly #sockets = new Set<Socket>();
  readonly #held = new Map<Socket, (() => void)[]>();
  #uuids = 0;
  readonly #server: Server = createServer({ noDelay: true }, (socket) => this.#serve(socket));

  async listen(): Promise<{ host: string; port: number }> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this.address;
  }

  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: (this.#server.address() as { port: number }).port };
  }

  async close(): Promise<void> {
    this.dropAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  dropAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Goes on with what was left lying, also where nobody waits for the answer any more. */
  release(): void {
    this.holdsOn = null;
    const tasks = [...this.#held.values()].flat();
    this.#held.clear();
    for (const task of tasks) task();
  }

  /** As a client of its own, without a lock. */
  transact(...operations: readonly object[]): unknown[] {
    return this.#transact(operations as unknown as Operation[], null);
  }

  #serve(socket: Socket): void {
    const stream = new JsonStream();
    this.#sockets.add(socket);
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      for (const [lock, owner] of this.#owners) if (owner === socket) this.#owners.delete(lock);
    });
    if (this.noise) socket.write(this.noise);
    if (this.isChatty) socket.write('{"id":"echo","method":"echo","params":[]}');
    socket.on('data', (chunk: string) => {
      for (const message of stream.take(chunk) ?? []) {
        const task = () => this.#answer(message as Row, socket);
        const isHeld = this.holdsOn !== null && JSON.stringify(message).includes(this.holdsOn);
        if (isHeld && !this.#held.has(socket)) this.#held.set(socket, []);
        const held = this.#held.get(socket);
        if (held) held.push(task);
        else task();
      }
    });
  }

  #answer(message: Row, socket: Socket): void {
    const { id, method, params } = message;
    this.log.push(message);
    if (method === undefined) return;
    const parameters = params as unknown[];
    const result =
      method === 'steal'
        ? this.#steal(String(parameters[0]), socket)
        : this.#transact(parameters.slice(1) as unknown as Operation[], socket);
    const text = JSON.stringify({ id, result, error: null });
    socket.write(text.slice(0, 20));
    if (this.isChatty) setImmediate(() => socket.write(text.slice(20)));
    else socket.write(text.slice(20));
  }

  #steal(lock: string, socket: Socket): Row {
    const owner = this.#owners.get(lock);
    this.#owners.set(lock, socket);
    const stolen = { id: null, method: 'stolen', params: [lock] };
    if (owner && owner !== socket) owner.write(JSON.stringify(stolen));
    return { locked: true };
  }

  #transact(operations: readonly Operation[], socket: Socket | null): unknown[] {
    const kept = structuredClone(this.tables);
    const results: unknown[] = [];
    const named = new Map<string, unknown>();
    for (const operation of operations) {
      try {
        results.push(this.#carryOut(operation, named, socket));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        this.tables = kept;
        results.push({ error: error.message, details: 'as planned' });
        while (results.length < operations.length) results.push(null);
        return results;
      }
    }
    this.#collect();
    if (!this.isDaemonDead) this.applied();
    return results;
  }

  /** The daemon has got there. */
  applied(): void {
    const [root] = this.tables['Open_vSwitch']!;
    root!['cur_cfg'] = root!['next_cfg'];
    for (const row of this.tables['Interface']!) {
      const isThere = String(row['name']) !== 'absent';
      row['ofport'] = isThere ? 7 : -1;
      row['error'] = isThere ? EMPTY : 'could not open network device absent (No such device)';
    }
  }

  #carryOut(operation: Operation, named: Map<string, unknown>, socket: Socket | null): unknown {
    if (operation.op === 'assert') {
      if (this.#owners.get(operation.lock) !== socket) throw new Refused('not owner');
      return {};
    }
    const table = this.tables[operation.table]!;
    if (operation.op === 'insert') return this.#insert(operation, table, named);
    const rows = table.filter((row) =>
      operation.where.every(([column, relation, value]) =>
        relation === 'includes' ? includes(row[column], value) : isSame(row[column], value),
      ),
    );
    if (operation.op === 'select') return { rows: structuredClone(rows) };
    if (operation.op === 'wait') {
      const found = rows.map((row) => pick(row, operation.columns));
      if (!isSame(found, operation.rows)) throw new Refused('timed out');
      return {};
    }
    for (const row of rows) {
      if (operation.op === 'update') Object.assign(row, operation.row);
      else for (const mutation of operation.mutations) mutate(row, mutation, named);
    }
    return { count: rows.length };
  }

  #insert(operation: Operation, table: Row[], named: Map<string, unknown>): unknown {
    const row = operation.row;
    if (table.some((other) => other['name'] === row['name'])) {
      throw new Refused('constraint violation');
    }
    const uuid = ['uuid', `row-${this.#uuids++}`];
    named.set(operation['uuid-name'], uuid);
    const [kind, name] = (row['interfaces'] ?? []) as string[];
    const interfaces = kind === 'named-uuid' ? { interfaces: named.get(name!) } : {};
    table.push({ ...FRESH[operation.table], ...row, ...interfaces, _uuid: uuid });
    return { uuid };
  }

  /** Rows that nobody refers to are gone. */
  #collect(): void {
    const ports = this.tables['Bridge']!.flatMap((bridge) => members(bridge['ports']));
    this.tables['Port'] = this.tables['Port']!.filter((row) =>
      ports.some((uuid) => isSame(uuid, row['_uuid'])),
    );
    const used = this.tables['Port'].flatMap((port) => members(port['interfaces']));
    this.tables['Interface'] = this.tables['Interface']!.filter((row) =>
      used.some((uuid) => isSame(uuid, row['_uuid'])),
    );
  }
}

function mutate(row: Row, [column, mutator, value]: unknown[], named: Map<string, unknown>): void {
  const name = String(column);
  if (mutator === '+=') row[name] = Number(row[name]) + Number(value);
  else if (name === 'external_ids') {
    const pairs = (row[name] as [string, [string, string][]])[1];
    const given = (value as [string, unknown[]])[1];
    const rest = pairs.filter(([key]) => !given.includes(key));
    row[name] = ['map', mutator === 'delete' ? rest : [...pairs, ...given]];
  } else {
    const given = members(value).map((one) =>
      (one as string[])[0] === 'named-uuid' ? named.get((one as string[])[1]!) : one,
    );
    const rest = members(row[name]).filter((one) => !given.some((other) => isSame(one, other)));
    const now = mutator === 'delete' ? rest : [...rest, ...given];
    // A set of one is written as the one.
    row[name] = now.length === 1 ? now[0] : ['set', now];
  }
}

function members(value: unknown): unknown[] {
  const [kind, list] = value as [unknown, unknown];
  return kind === 'set' ? (list as unknown[]) : [value];
}

function includes(value: unknown, part: unknown): boolean {
  const pairs = (value as [string, unknown[]])[1];
  return (part as [string, unknown[]])[1].every((one) => pairs.some((pair) => isSame(pair, one)));
}

function pick(row: Row, columns: readonly string[]): Row {
  return Object.fromEntries(columns.map((column) => [column, row[column]]));
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
