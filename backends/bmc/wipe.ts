/**
 * What makes a node fit for somebody else, as far as its BMC can do it and show it: accounts, boot
 * device and virtual drive, firmware variables, drives, and the memory, which forgets while the node
 * is off. The evidence says `true` only of what the BMC has shown or said to be over and done; what
 * it cannot do is `false`, and then the node stays out of service.
 */
import type { WipeEvidence } from '../../core/allocator/protocol.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import type { Bmc } from './bmc.ts';
import type { Failure } from '../devices/failure.ts';

/** How one node is wiped; what the operator states about it is the operator's to answer for. */
export interface WipePlan {
  /** How long it has to be off before its memory counts as forgotten. */
  readonly offMs: number;
  /** Accounts of the BMC that may stay. */
  readonly keptAccounts: readonly string[];
  /** `none`: the operator states that it has no drive that keeps anything. */
  readonly drives: 'erase' | 'none';
  /** `fixed`: the operator states that nothing in it can be written by a tenant. */
  readonly firmware: 'reset' | 'fixed';
}

/** Leaves the node off. */
export async function wipeNode(
  bmc: Bmc,
  plan: WipePlan,
  signal: AbortSignal,
): Promise<Outcome<WipeEvidence>> {
  const off = await bmc.powerOff(true, signal);
  if (off.status !== 'ok') return off;
  const disks = plan.drives === 'none' ? DONE : await eraseDrives(bmc, signal);
  if (isUnknown(disks)) return disks;
  const reset = await resetBmc(bmc, plan, signal);
  if (isUnknown(reset)) return reset;
  const memory = await bmc.staysOff(plan.offMs, signal);
  if (isUnknown(memory)) return memory;
  const value = {
    memoryScrubbed: memory.status === 'ok',
    disksErased: disks.status === 'ok',
    bmcReset: reset.status === 'ok',
  };
  return { status: 'ok', value };
}

const DONE: Outcome = { status: 'ok', value: undefined };

/** Nobody knows how far it got: then there is no evidence of anything. */
function isUnknown(outcome: Outcome): outcome is Failure & { status: 'uncertain' } {
  return outcome.status === 'uncertain';
}

async function eraseDrives(bmc: Bmc, signal: AbortSignal): Promise<Outcome> {
  const drives = await bmc.readDrives(signal);
  if (drives.status !== 'ok') return drives;
  for (const id of drives.value) {
    const erased = await bmc.eraseDrive(id, signal);
    if (erased.status !== 'ok') return erased;
  }
  return DONE;
}

async function resetBmc(bmc: Bmc, plan: WipePlan, signal: AbortSignal): Promise<Outcome> {
  for (const clear of [() => bmc.setMedia(null, signal), () => bmc.setSecureBoot(false, signal)]) {
    const cleared = await clear();
    // Without a virtual drive nothing is in it, and what cannot be switched was not switched.
    const isThere = cleared.status === 'ok' || cleared.error.code !== 'DEVICE_UNSUPPORTED';
    if (isThere && cleared.status !== 'ok') return cleared;
  }
  const boot = await bmc.setBootDevice('none', signal);
  if (boot.status !== 'ok') return boot;
  const accounts = await bmc.removeAccounts(plan.keptAccounts, signal);
  if (accounts.status !== 'ok' || plan.firmware === 'fixed') return accounts;
  return bmc.resetFirmware(signal);
}
