/**
 * What a borrowed node's image does, without the node: a slurmd with a host name and a network of its
 * own, as it would be on hardware, joined to the controller by one link.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { OneNodeSlurm } from './one-node-slurm.ts';

/** Only ever on this machine, on a link that nothing else is on. */
const NETWORK = '10.231.7';

export class BorrowedSlurmNode {
  readonly name: string;
  /** Where its slurmd answers. */
  readonly address: string;
  readonly #slurm: OneNodeSlurm;
  readonly #namespace: string;
  readonly #pidFile: string;

  /** The namespace and its link, which are removed with the test. @param index a number of its own */
  constructor(t: ExecutionContext, slurm: OneNodeSlurm, name: string, index: number) {
    this.name = name;
    this.#slurm = slurm;
    this.#namespace = `ocxmk-${process.pid}-${index}`;
    this.#pidFile = join(slurm.folder, `slurmd-${name}.pid`);
    const link = `ocxmk${process.pid}-${index}`.slice(-15);
    const [here, there] = [`${NETWORK}.${4 * index + 1}`, `${NETWORK}.${4 * index + 2}`];
    this.address = there;
    const ip = (...words: readonly string[]) => execFileSync('ip', words);
    ip('netns', 'add', this.#namespace);
    t.teardown(() => {
      this.stop();
      ip('netns', 'delete', this.#namespace);
    });
    ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.#namespace);
    ip('address', 'add', `${here}/30`, 'dev', link);
    ip('link', 'set', link, 'up');
    ip('-n', this.#namespace, 'address', 'add', `${there}/30`, 'dev', 'eth0');
    ip('-n', this.#namespace, 'link', 'set', 'eth0', 'up');
    ip('-n', this.#namespace, 'link', 'set', 'lo', 'up');
    this.#configure(here, there);
  }

  #configure(controller: string, own: string): void {
    const { folder, configuration } = this.#slurm;
    const host = hostname().split('.')[0];
    const spool = join(folder, `spool-${this.name}`);
    mkdirSync(spool);
    const text = readFileSync(configuration, 'utf8')
      .replace(/^NodeName=.*$/m, `NodeName=${this.name} NodeAddr=${own} CPUs=1 State=FUTURE`)
      .replace(`${host}(127.0.0.1)`, `${host}(${controller})`)
      .replace(/^SlurmdSpoolDir=.*$/m, `SlurmdSpoolDir=${spool}`)
      .replace(/^SlurmdPidFile=.*$/m, `SlurmdPidFile=${this.#pidFile}`)
      .replace(/^SlurmdLogFile=.*$/m, `SlurmdLogFile=${join(folder, 'log', `${this.name}.log`)}`);
    writeFileSync(join(folder, `${this.name}.conf`), text);
  }

  /** The node has booted. */
  start(): void {
    const { folder, environment } = this.#slurm;
    // Entered by its file: what `ip netns exec` mounts anew, slurmd needs as it is.
    const script = `hostname ${this.name}; exec slurmd -N ${this.name} -f ${folder}/${this.name}.conf`;
    execFileSync(
      'nsenter',
      [`--net=/run/netns/${this.#namespace}`, 'unshare', '--uts', 'sh', '-c', script],
      { env: environment, stdio: 'ignore' },
    );
  }

  /** Its power is off. */
  stop(): void {
    try {
      process.kill(Number(readFileSync(this.#pidFile, 'utf8')), 'SIGKILL');
    } catch {
      // It is off already.
    }
  }
}
