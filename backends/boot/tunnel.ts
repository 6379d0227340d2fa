/**
 * The provisioner's end of the encrypted way to disks of level `full`: one WireGuard interface of
 * wireguard-go, which needs nothing of the kernel but tun. Each node is a peer for as long as an
 * encrypted disk is open to it; its key follows from the disk's key. See wg(8), wireguard-go(1).
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OcxError } from '../../core/kernel/errors.ts';
import { runTool } from '../images/tools.ts';
import { KEY_BYTES, nodeTunnelKeys, tunnelPublicKey } from './key-shares.ts';

export interface TunnelOptions {
  /** At most 15 characters; it has to be free in the network namespace of the process. */
  readonly interface: string;
  /** Of this end, inside the tunnel. */
  readonly address: string;
  /** UDP. */
  readonly port: number;
  /** Where nodes find this end: address in the enclave. */
  readonly host: string;
  /** Private key of this end, in base64; made where it is missing. */
  readonly keyFile: string;
}

/** A node that may come in. */
export interface TunnelPeer {
  readonly tunnelAddress: string;
  /** Of its disk. */
  readonly diskKey: Buffer;
}

const START_TRIES = 100;
const START_PAUSE_MS = 50;

export class Tunnel {
  readonly #options: TunnelOptions;
  readonly #publicKey: string;

  private constructor(options: TunnelOptions, publicKey: string) {
    this.#options = options;
    this.#publicKey = publicKey;
  }

  /** Brings the interface up, or takes over the one that is. @throws DEVICE_TOOL_… */
  static async open(options: TunnelOptions, signal: AbortSignal): Promise<Tunnel> {
    const tunnel = new Tunnel(options, await publicKeyOf(options.keyFile));
    await tunnel.mend(signal);
    return tunnel;
  }

  /** Address of this end, inside. */
  get address(): string {
    return this.#options.address;
  }

  /** What a node has to know, in the words of docs/boot.md. */
  parameters(tunnelAddress: string): Record<string, string> {
    const { address, host, port } = this.#options;
    return {
      wgEndpoint: `${host}:${port}`,
      wgPeerKey: this.#publicKey,
      wgAddress: `${tunnelAddress}/32`,
      wgAllowed: `${address}/32`,
    };
  }

  /** Starts what is not there. */
  async mend(signal: AbortSignal): Promise<void> {
    const { interface: name, address, port, keyFile } = this.#options;
    if (!(await this.#answers(signal))) {
      await runTool(['ip', 'link', 'delete', name], signal).catch(() => {});
      await runTool(['wireguard-go', name], signal);
      for (let tries = 0; !(await this.#answers(signal)); tries++) {
        if (tries === START_TRIES) {
          throw new OcxError({
            code: 'DEVICE_TUNNEL',
            message: `interface ${name} does not come up`,
          });
        }
        await sleep(START_PAUSE_MS, undefined, { signal });
      }
    }
    await runTool(['wg', 'set', name, 'listen-port', String(port), 'private-key', keyFile], signal);
    await runTool(['ip', 'address', 'replace', `${address}/24`, 'dev', name], signal);
    await runTool(['ip', 'link', 'set', name, 'up'], signal);
  }

  /** These may come in, and nobody else. */
  async admit(peers: readonly TunnelPeer[], signal: AbortSignal): Promise<void> {
    const { interface: name } = this.#options;
    const wanted = new Map(
      peers.map(({ tunnelAddress, diskKey }) => [
        nodeTunnelKeys(diskKey).publicKey.toString('base64'),
        `${tunnelAddress}/32`,
      ]),
    );
    const { stdout } = await runTool(['wg', 'show', name, 'allowed-ips'], signal);
    const there = new Map(
      stdout.split('\n').flatMap((line) => {
        const [key, addresses] = line.split('\t');
        return key && addresses ? [[key, addresses] as const] : [];
      }),
    );
    for (const key of there.keys()) {
      if (!wanted.has(key)) await runTool(['wg', 'set', name, 'peer', key, 'remove'], signal);
    }
    for (const [key, address] of wanted) {
      if (there.get(key) === address) continue;
      await runTool(['wg', 'set', name, 'peer', key, 'allowed-ips', address], signal);
    }
  }

  #answers(signal: AbortSignal): Promise<boolean> {
    return runTool(['wg', 'show', this.#options.interface, 'listen-port'], signal).then(
      () => true,
      () => false,
    );
  }
}

async function publicKeyOf(keyFile: string): Promise<string> {
  await mkdir(dirname(keyFile), { recursive: true, mode: 0o700 });
  const fresh = randomBytes(KEY_BYTES).toString('base64');
  // What is there stays: nodes know its public half.
  await writeFile(keyFile, `${fresh}\n`, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  const key = Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'base64');
  if (key.length === KEY_BYTES) return tunnelPublicKey(key).toString('base64');
  throw new OcxError({
    code: 'INPUT_TUNNEL_KEY',
    message: 'the file holds no private key of WireGuard',
    place: { file: keyFile },
  });
}
