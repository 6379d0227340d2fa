/**
 * A Slurm of one node for tests: its own munge, its own ports and a folder of its own, as root.
 * Started and ended by the test, by process id.
 *
 * Configuration: slurm.conf(5) of Slurm 22.05, the smallest that runs job arrays.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from './free-port.ts';

export class OneNodeSlurm {
  readonly folder: string;
  readonly configuration: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.configuration = join(folder, 'slurm.conf');
  }

  /**
   * @param processors of its node; else those of the machine
   * @throws where Slurm is not installed: a test that never runs must not look like one that passes
   */
  static async start(processors = availableParallelism()): Promise<OneNodeSlurm> {
    const slurm = new OneNodeSlurm(mkdtempSync(join(tmpdir(), 'ocx-slurm-')));
    for (const name of ['munge', 'state', 'spool', 'log']) mkdirSync(join(slurm.folder, name));
    const ports = await freePorts(2);
    writeFileSync(slurm.configuration, configurationOf(slurm.folder, ports, processors));
    slurm.#startMunge();
    slurm.#run('slurmctld', ['-f', slurm.configuration]);
    slurm.#run('slurmd', ['-f', slurm.configuration]);
    await slurm.#ready();
    return slurm;
  }

  /** What Slurm's commands need to find it. */
  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, SLURM_CONF: this.configuration };
  }

  /** Standard output of one of Slurm's commands. */
  ask(program: string, options: readonly string[]): string {
    return execFileSync(program, options, { env: this.environment, encoding: 'utf8' });
  }

  /** Ends jobs and daemons, by the process ids that they wrote. */
  async stop(): Promise<void> {
    try {
      this.ask('scancel', ['--user=root', '--full']);
    } catch {
      // It is going down anyway.
    }
    for (const name of ['slurmd.pid', 'slurmctld.pid', 'munge/munged.pid']) {
      await endProcess(join(this.folder, name));
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #startMunge(): void {
    const place = (name: string) => join(this.folder, 'munge', name);
    writeFileSync(place('munge.key'), randomBytes(1024), { mode: 0o400 });
    this.#run('munged', [
      '--force',
      `--key-file=${place('munge.key')}`,
      `--socket=${place('munge.sock')}`,
      `--pid-file=${place('munged.pid')}`,
      `--log-file=${place('munged.log')}`,
      `--seed-file=${place('seed')}`,
    ]);
  }

  #run(program: string, options: readonly string[]): void {
    execFileSync(program, options, { env: this.environment, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  async #ready(): Promise<void> {
    for (let tries = 0; tries < 150; tries += 1) {
      await sleep(200);
      try {
        if (/^(idle|mix)/.test(this.ask('sinfo', ['-h', '-o', '%T']))) return;
      } catch {
        // The controller is not up yet.
      }
    }
    const log = readFileSync(join(this.folder, 'log', 'slurmctld.log'), 'utf8');
    throw new Error(`Slurm did not come up: ${log.split('\n').slice(-8).join('\n')}`);
  }
}

function configurationOf(
  folder: string,
  [controller, daemon]: readonly number[],
  processors: number,
): string {
  const node = hostname().split('.')[0];
  return `ClusterName=ocx
SlurmctldHost=${node}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/munge.sock
CredType=cred/munge
SlurmctldPort=${controller}
SlurmdPort=${daemon}
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/log/slurmctld.log
SlurmdLogFile=${folder}/log/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=5,sched_min_interval=100000
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
MaxNodeCount=8
NodeName=${node} NodeAddr=127.0.0.1 CPUs=${processors} RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
`;
}

async function endProcess(pidFile: string): Promise<void> {
  let pid: number;
  try {
    pid = Number(readFileSync(pidFile, 'utf8'));
  } catch {
    return;
  }
  if (!Number.isInteger(pid) || pid <= 1) return;
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      process.kill(pid, tries < 80 ? 'SIGTERM' : 'SIGKILL');
    } catch {
      return;
    }
    await sleep(100);
  }
}
