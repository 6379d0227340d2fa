/**
 * A journal as a busy site writes it, made without waiting for anything: leases of all nodes, one
 * after the other, through handover, enclave and release, with hardware that obeys.
 */
import { hash } from 'node:crypto';
import type { IsolationConfiguration } from '../../core/allocator/enrolment.ts';
import type { IsolationCommand, IsolationEvent } from '../../core/allocator/commands.ts';
import type { IsolationEffect } from '../../core/allocator/protocol.ts';
import { siteService } from '../../core/offers/service.ts';
import { genesis } from '../../core/kernel/genesis.ts';
import { journalWriter } from '../../core/kernel/journal.ts';
import type { Principal } from '../../core/kernel/service.ts';
import { EmulatedDevices } from '../../backends/devices/emulated.ts';
import { wiredPorts } from '../../backends/runner/isolation.ts';
import type { Store, StoreEntry } from '../../backends/store/store.ts';

export const sha256 = (text: string) => hash('sha256', text);

const ADMIN: Principal = { role: 'admin', name: 'operator' };
const LESSEE: Principal = { role: 'organisation', name: 'lessee' };
const HOUR_MS = 3_600_000;
const GROUP = 1_000;
/** Of the first record; any. */
const START_MS = 1_700_000_000_000;

export function siteOf(nodes: number): IsolationConfiguration {
  return {
    organisations: [{ name: 'owner' }, { name: 'lessee' }],
    switches: [{ switchId: 'switch' }],
    nodes: Array.from({ length: nodes }, (_, index) => ({
      ...{ nodeId: `n${index}`, owner: 'owner', nodeClass: 'standard' },
      nics: [{ nicId: 'nic0', switchId: 'switch', portId: `p${index}` }],
      securityLevel: 'none' as const,
    })),
  };
}

/** Writes at least so many events. */
export async function writeLongJournal(store: Store, nodes: number, events: number): Promise<void> {
  const configuration = siteOf(nodes);
  const writer = await store.openWriter('isolation');
  const journal = journalWriter<object, IsolationEvent, IsolationEffect>(sha256);
  const devices = new EmulatedDevices();
  const state = siteService.initial(configuration);
  let entries: StoreEntry[] = [];
  let count = 0;
  let nowMs = START_MS;
  const write = async (event: IsolationEvent, effects: readonly IsolationEffect[]) => {
    entries.push({ ...journal.write(event, effects, state), reply: null, messages: [] });
    if (entries.length < GROUP) return;
    await writer.append(entries);
    entries = [];
  };
  const first = genesis('isolation', configuration, 'bench', nowMs);
  await write(first as unknown as IsolationEvent, []);
  const take = async (event: Omit<IsolationEvent, 'timeMs'>): Promise<void> => {
    nowMs += 1;
    count += 1;
    const stamped = { ...event, timeMs: nowMs } as IsolationEvent;
    const { effects } = siteService.step(state, stamped);
    await write(stamped, effects);
    for (const effect of effects) {
      if ('effectId' in effect) {
        const outcome = devices.obey(effect, wiredPorts(state, effect.nodeId));
        await take({ kind: 'EffectOutcome', effectId: effect.effectId, outcome } as never);
      } else if (effect.kind === 'SetTimer' && effect.atMs <= nowMs) {
        await take({ kind: 'TimerFired', timerId: effect.timerId } as never);
      }
    }
  };
  const command = (from: Principal, body: Partial<IsolationCommand>) =>
    take({ ...body, from, commandId: `c${count}` } as never);
  for (let lease = 0; count < events; lease++) {
    const [nodeId, leaseId] = [`n${lease % nodes}`, `l${lease}`];
    const terms = {
      ...{ leaseId, contractId: null, owner: 'owner', lessee: 'lessee', nodeIds: [nodeId] },
      ...{ startMs: nowMs, endMs: nowMs + HOUR_MS, securityLevel: 'none' as const },
      ...{ attester: null, recallNoticeMs: null },
    };
    await command(ADMIN, { kind: 'LeaseCreate', terms });
    await command(LESSEE, { kind: 'EnclaveJoin', leaseId, nodeId });
    await command(LESSEE, { kind: 'AirlockPowerOn', leaseId, nodeId });
    await command(LESSEE, { kind: 'NodeActive', leaseId, nodeId });
    // Some are used for a while, so that not all nodes are always free.
    const open = `l${lease - nodes / 2}`;
    if (state.leases.has(open))
      await command(LESSEE, { kind: 'LeaseReturn', leaseId: open, nodeIds: null });
  }
  if (entries.length > 0) await writer.append(entries);
  await writer.resign();
}
