/**
 * Open vSwitch by its database (RFC 7047; the schema: ovs-vswitchd.conf.db(5)).
 *
 * - A port that is shut is not on the bridge: no mode and no tag of a port passes nothing at all.
 * - Each transaction asserts a lock that this session holds. A new session takes the lock first,
 *   for readings too: what an older one has sent and the server has not done yet fails from then on.
 * - Who has claimed writes its epoch onto the bridge, and each transaction asks that it is still
 *   there: a leader that was stopped is turned down by the switch, whenever it comes back.
 * - The database only says what is wanted: a reading counts once `ovs-vswitchd` has got that far.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../../../core/kernel/service.ts';
import { at } from '../../bmc/redfish/bounded-json.ts';
import { doubtful, nothing } from '../../devices/failure.ts';
import type { Failure } from '../../devices/failure.ts';
import type { SwitchDialect } from '../dialect.ts';
import { isShut, SHUT } from '../port-vlans.ts';
import type { PortReading, PortVlans } from '../port-vlans.ts';
import { columnsOf, isSameUuid, mapOf, membersOf, numbersOf, readingOfPort } from './rows.ts';
import type { OvsdbRow } from './rows.ts';
import { OvsdbLost, OvsdbRefused, OvsdbSession } from './session.ts';
import type { OvsdbAddress } from './session.ts';

const DATABASE = 'Open_vSwitch';
const EPOCH_KEY = 'ocx-epoch';
const APPLIED_POLL_MS = 20;

export interface OpenVswitchOptions {
  readonly address: OvsdbAddress;
  /** The bridge that all ports are on, or are to come onto. */
  readonly bridge: string;
}

/** How things are on the bridge. */
interface View {
  readonly onBridge: readonly unknown[];
  readonly port: OvsdbRow | null;
  readonly interface: OvsdbRow | null;
  readonly isApplied: boolean;
}

/** A transaction that was not carried out, or of which nobody knows. */
class Unsuccessful extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.error.message);
    this.failure = failure;
  }
}

export class OpenVswitch implements SwitchDialect {
  readonly portName = /^[A-Za-z][\w.-]{0,14}$/;
  readonly #options: OpenVswitchOptions;
  readonly #lock: string;
  #session: OvsdbSession | null = null;
  #epoch: number | null = null;
  /** Somebody has taken the switch from this process, which has no claim to it. */
  #isSuperseded = false;

  constructor(options: OpenVswitchOptions) {
    this.#options = options;
    this.#lock = `ocx_${options.bridge.replaceAll(/\W/g, '_')}`;
  }

  claim(epoch: number): void {
    if (this.#epoch !== null && epoch <= this.#epoch) return;
    this.#epoch = epoch;
    this.#isSuperseded = false;
    this.#session?.close('another leadership has begun');
  }

  async close(): Promise<void> {
    this.#session?.close();
  }

  async read(portId: string, signal: AbortSignal): Promise<Outcome<PortReading>> {
    return attempt(async () => {
      let view = await this.#view(portId, signal);
      while (!view.isApplied) {
        await sleep(APPLIED_POLL_MS, undefined, { signal }).catch(() => undefined);
        view = await this.#view(portId, signal);
      }
      return readingOfView(view);
    });
  }

  async send(portId: string, vlans: PortVlans, signal: AbortSignal): Promise<Outcome> {
    return attempt(async () => {
      const { port, onBridge } = await this.#view(portId, signal);
      const isHere = port !== null && onBridge.some((uuid) => isSameUuid(uuid, port['_uuid']));
      if (port !== null && !isHere) {
        const message = `port ${portId} is on another bridge`;
        throw new Unsuccessful(nothing('DEVICE_UNSUPPORTED', message));
      }
      const changes = isShut(vlans)
        ? port === null
          ? []
          : [this.#mutatePorts('delete', port['_uuid'])]
        : port === null
          ? this.#insertions(portId, vlans)
          : [update('Port', [['_uuid', '==', port['_uuid']]], columnsOf(vlans))];
      if (changes.length === 0) return undefined;
      const count = {
        op: 'mutate',
        table: DATABASE,
        where: [],
        mutations: [['next_cfg', '+=', 1]],
      };
      await this.#transact([...changes, count], doubtful, signal);
      return undefined;
    });
  }

  #mutatePorts(mutator: 'insert' | 'delete', uuid: unknown): OvsdbRow {
    const mutations = [['ports', mutator, ['set', [uuid]]]];
    return { op: 'mutate', table: 'Bridge', where: this.#isBridge, mutations };
  }

  #insertions(portId: string, vlans: PortVlans): OvsdbRow[] {
    const row = { name: portId, interfaces: ['named-uuid', 'interface'], ...columnsOf(vlans) };
    return [
      { op: 'insert', table: 'Interface', 'uuid-name': 'interface', row: { name: portId } },
      { op: 'insert', table: 'Port', 'uuid-name': 'port', row },
      this.#mutatePorts('insert', ['named-uuid', 'port']),
    ];
  }

  get #isBridge(): readonly unknown[] {
    return [['name', '==', this.#options.bridge]];
  }

  async #view(portId: string, signal: AbortSignal): Promise<View> {
    const isNamed = [['name', '==', portId]];
    const rows = await this.#transact(
      [
        select('Bridge', this.#isBridge, ['ports']),
        select('Port', isNamed, ['_uuid', 'interfaces', 'tag', 'trunks', 'vlan_mode']),
        select('Interface', isNamed, ['ofport', 'error']),
        select(DATABASE, [], ['cur_cfg', 'next_cfg']),
      ],
      nothing,
      signal,
    );
    const [bridge, port, found, state] = rows.map((result) => at(result, 'rows', 0) as OvsdbRow);
    if (!bridge) throw noBridge(this.#options.bridge);
    return {
      onBridge: membersOf(bridge['ports']),
      port: port ?? null,
      interface: found ?? null,
      isApplied:
        (numbersOf(state?.['cur_cfg'])[0] ?? -1) >= (numbersOf(state?.['next_cfg'])[0] ?? 0),
    };
  }

  /** @param lost what it is where the answer does not come */
  async #transact(
    operations: readonly OvsdbRow[],
    lost: (code: string, message: string) => Failure,
    signal: AbortSignal,
  ): Promise<readonly unknown[]> {
    const session = await this.#ready(signal);
    return this.#transactOn(session, [...this.#conditions(), ...operations], lost, signal).then(
      (results) => results.slice(-operations.length),
    );
  }

  /** What must hold so that anything is done: the lock is ours, and nobody has claimed since. */
  #conditions(): OvsdbRow[] {
    const isOwner = { op: 'assert', lock: this.#lock };
    if (this.#epoch === null) return [isOwner];
    const epoch = ['map', [[EPOCH_KEY, String(this.#epoch)]]];
    const where = [...this.#isBridge, ['external_ids', 'includes', epoch]];
    return [isOwner, this.#wait(where, { name: this.#options.bridge })];
  }

  #wait(where: readonly unknown[], row: OvsdbRow): OvsdbRow {
    const columns = Object.keys(row);
    return { op: 'wait', timeout: 0, table: 'Bridge', where, columns, until: '==', rows: [row] };
  }

  /** The session, set up anew where there is none. */
  async #ready(signal: AbortSignal): Promise<OvsdbSession> {
    if (this.#session?.stolen.has(this.#lock)) this.#loseLock();
    if (this.#isSuperseded) throw fenced();
    if (this.#session?.isOpen) return this.#session;
    let session: OvsdbSession;
    try {
      session = await OvsdbSession.connect(this.#options.address, signal);
    } catch (error) {
      throw new Unsuccessful(nothing('DEVICE_UNREACHABLE', (error as Error).message));
    }
    this.#session = session;
    try {
      await this.#takeOver(session, signal);
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  }

  /** Takes the lock and writes the epoch down, unless a later leader has been here. */
  async #takeOver(session: OvsdbSession, signal: AbortSignal): Promise<void> {
    const look = select('Bridge', this.#isBridge, ['external_ids']);
    const [found] = await this.#transactOn(session, [look], nothing, signal);
    const bridge = at(found, 'rows', 0) as OvsdbRow | undefined;
    if (!bridge) throw noBridge(this.#options.bridge);
    const external = bridge['external_ids'];
    const known = Number(mapOf(external).get(EPOCH_KEY) ?? -1);
    if (this.#epoch !== null && known > this.#epoch) throw fenced();
    try {
      await session.request('steal', [this.#lock], signal);
    } catch (error) {
      throw new Unsuccessful(nothing('DEVICE_UNREACHABLE', (error as Error).message));
    }
    if (this.#epoch === null || known === this.#epoch) return;
    const mutations = [
      ['external_ids', 'delete', ['set', [EPOCH_KEY]]],
      ['external_ids', 'insert', ['map', [[EPOCH_KEY, String(this.#epoch)]]]],
    ];
    const operations = [
      { op: 'assert', lock: this.#lock },
      this.#wait(this.#isBridge, { external_ids: external }),
      { op: 'mutate', table: 'Bridge', where: this.#isBridge, mutations },
    ];
    // Where the answer is lost, no port was touched all the same.
    await this.#transactOn(session, operations, nothing, signal);
  }

  async #transactOn(
    session: OvsdbSession,
    operations: readonly OvsdbRow[],
    lost: (code: string, message: string) => Failure,
    signal: AbortSignal,
  ): Promise<readonly unknown[]> {
    let results: unknown;
    try {
      results = await session.request('transact', [DATABASE, ...operations], signal);
    } catch (error) {
      if (error instanceof OvsdbRefused) {
        throw new Unsuccessful(nothing('DEVICE_DENIED', error.message));
      }
      if (!(error instanceof OvsdbLost)) throw error;
      throw new Unsuccessful(lost('DEVICE_UNREACHABLE', error.message));
    }
    if (!Array.isArray(results) || results.length < operations.length) {
      throw new Unsuccessful(lost('DEVICE_GARBAGE', 'the switch does not speak OVSDB'));
    }
    const failed = results.findIndex((result) => (at(result, 'error') ?? null) !== null);
    if (failed >= 0) throw this.#refused(results[failed], operations[failed]);
    return results;
  }

  /** The transaction was not carried out, nothing of it. */
  #refused(result: unknown, operation: OvsdbRow | undefined): Unsuccessful {
    const error = String(at(result, 'error'));
    if (error === 'not owner') {
      this.#loseLock();
      if (this.#isSuperseded) return fenced();
    }
    if (operation?.['op'] === 'wait') {
      this.#session?.close('somebody has claimed the switch');
      return new Unsuccessful(nothing('DEVICE_CONFLICT', 'somebody has claimed the switch'));
    }
    const details = `${error}: ${String(at(result, 'details') ?? '')}`;
    return new Unsuccessful(nothing('DEVICE_CONFLICT', details));
  }

  #loseLock(): void {
    this.#session?.close('the lock was taken');
    // With an epoch of its own, the next session finds out who is the later one.
    this.#isSuperseded = this.#epoch === null;
  }
}

/** A dialect never throws. */
async function attempt<Value>(work: () => Promise<Value>): Promise<Outcome<Value>> {
  try {
    return { status: 'ok', value: await work() };
  } catch (error) {
    if (error instanceof Unsuccessful) return error.failure;
    throw error;
  }
}

function readingOfView(view: View): PortReading {
  const { port, onBridge } = view;
  if (port === null) return SHUT;
  if (!onBridge.some((uuid) => isSameUuid(uuid, port['_uuid']))) {
    return { foreign: 'it is on another bridge' };
  }
  const [number] = numbersOf(view.interface?.['ofport']);
  if (number === undefined || number < 0) {
    return { foreign: `it is not there: ${String(membersOf(view.interface?.['error'])[0] ?? '')}` };
  }
  return readingOfPort(port);
}

function select(table: string, where: readonly unknown[], columns: readonly string[]): OvsdbRow {
  return { op: 'select', table, where, columns };
}

function update(table: string, where: readonly unknown[], row: OvsdbRow): OvsdbRow {
  return { op: 'update', table, where, row };
}

function fenced(): Unsuccessful {
  return new Unsuccessful(nothing('DEVICE_FENCED', 'another leader has taken the switch over'));
}

function noBridge(bridge: string): Unsuccessful {
  return new Unsuccessful(nothing('DEVICE_UNSUPPORTED', `the switch has no bridge ${bridge}`));
}
