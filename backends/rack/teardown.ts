/**
 * Taking a rack down. All that it has carries its id, so nothing depends on a file that says what
 * was built: it works as well after any of its processes, or the one that built it, was killed.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { endDaemons, findDaemons, namespacesOf } from './daemon.ts';
import { isRackFolder, removeFolder } from './folder.ts';
import { removeNamespace } from './namespace.ts';
import { rackId } from './plan.ts';

const TUNNEL_SOCKETS = '/run/wireguard';

/** What there was, and is no more. */
export interface TakenDown {
  readonly processes: number;
  readonly namespaces: number;
  readonly folder: boolean;
}

/** @throws BACKEND_RACK_DOWN where something stays */
export async function rackDown(folder: string): Promise<TakenDown> {
  const id = rackId(folder);
  const processes = findDaemons(id).length;
  const left = await endDaemons(id);
  if (left.length > 0) {
    const names = left.map(({ pid, command }) => `${pid} ${command.slice(0, 40)}`).join('; ');
    throw cannot(`these processes do not end: ${names}`);
  }
  // Links have their ends in namespaces and go with them.
  const namespaces = namespacesOf(id);
  for (const name of namespaces) await removeNamespace(name);
  removeTunnelSockets(id);
  const hadFolder = isRackFolder(folder);
  removeFolder(folder);
  if (hadFolder && existsSync(folder)) throw cannot('the folder cannot be removed');
  return { processes, namespaces: namespaces.length, folder: hadFolder };
}

/** wireguard-go leaves its control socket behind when it is killed. */
function removeTunnelSockets(id: string): void {
  if (!existsSync(TUNNEL_SOCKETS)) return;
  for (const name of readdirSync(TUNNEL_SOCKETS)) {
    if (name.startsWith(`${id}-`)) rmSync(join(TUNNEL_SOCKETS, name));
  }
}

function cannot(message: string): OcxError {
  return new OcxError({
    code: 'BACKEND_RACK_DOWN',
    message,
    remedy: 'run it again; if that does not help, restart the machine',
  });
}
