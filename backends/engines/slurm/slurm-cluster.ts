/**
 * A site's own Slurm as a cluster: jobs that wait become wants, idle nodes spares, and borrowed nodes
 * nodes of its own for as long as they are borrowed.
 *
 * A borrowed node is created as a dynamic node in state FUTURE: it is in every partition of `ALL` as
 * soon as its slurmd says so, and leaves no trace when it is deleted. (A node created as CLOUD is
 * taken for powered down: jobs sent to it wait for it to boot, and the next node of its place too.)
 * A reservation from the end of its lease on keeps Slurm from beginning what would not be done by then.
 *
 * Source: manual pages of Slurm 22.05, scontrol(1) and slurm.conf(5) (`MaxNodeCount`).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { OcxError } from '../../../core/kernel/errors.ts';
import type { TimeMs } from '../../../core/kernel/units.ts';
import { runProgram } from '../../processes/program.ts';
import { spareOf, wantFor } from '../cluster-engine.ts';
import type { BorrowedNode, ClusterEngine, ClusterReport, Valuation } from '../cluster-engine.ts';
import {
  lacksNodes,
  NODE_NAME,
  SECONDS_FORMAT,
  SINFO_NODES,
  slurmNodes,
  SQUEUE_WAITING,
  waitingJobs,
} from './tables.ts';
import type { SlurmNode } from './tables.ts';

export interface SlurmClusterOptions {
  readonly valuation: Valuation;
  /** Processors of a borrowed node. */
  readonly processors: number;
  /** Node → where its slurmd answers; else by its name. */
  readonly addresses: Readonly<Record<string, string>>;
  /** For Slurm's commands, e.g. SLURM_CONF. */
  readonly environment: Readonly<Record<string, string>>;
  /** How long the slurmd of a node that is up may take to say so, ms. */
  readonly registerMs: TimeMs;
}

/** By which borrowed nodes are known again. */
const BORROWED = 'ocx-borrowed';
/** Jobs of a queue that are looked at: one round takes ten thousand orders. */
const JOBS_MAXIMUM = 5_000;
const POLL_MS = 500;
/** How often a node that jobs are still leaving is asked to go. */
const DELETE_ATTEMPTS = 40;

export class SlurmCluster implements ClusterEngine {
  readonly kind = 'hpc';
  readonly #options: SlurmClusterOptions;

  constructor(options: SlurmClusterOptions) {
    this.#options = options;
  }

  async report(nowMs: TimeMs): Promise<ClusterReport> {
    const { valuation } = this.#options;
    const jobs = waitingJobs(await this.#ask('squeue', SQUEUE_WAITING)).filter(lacksNodes);
    const nodes = await this.#nodes();
    const own = nodes.filter(({ features }) => !features.includes(BORROWED));
    const idle = own.filter(({ state }) => state === 'idle').map(({ name }) => name);
    // Nodes that are free now are Slurm's to give out first.
    let free = nodes.filter(({ state }) => state === 'idle').length;
    const lacking = jobs.filter((job) => {
      if (job.nodes > free) return true;
      free -= job.nodes;
      return false;
    });
    const isLacking = lacking.length > 0;
    const isWaiting = jobs.length > 0;
    const borrowed = nodes.filter((node) => !own.includes(node) && node.state === 'idle');
    return {
      wants: lacking.slice(0, JOBS_MAXIMUM).map((job) =>
        wantFor(
          valuation,
          {
            id: job.jobId,
            nodes: job.nodes,
            durationMs: job.limitSeconds === null ? null : job.limitSeconds * 1_000,
            submittedMs: job.submittedSeconds * 1_000,
          },
          nowMs,
        ),
      ),
      spares: isLacking ? [] : spareOf(valuation, idle.length, nowMs),
      ownNodes: own.length,
      idle: new Map([[valuation.ownClass, idle]]),
      idleBorrowed: isWaiting ? [] : borrowed.map(({ name }) => name),
    };
  }

  /** Before it boots: a slurmd that registers as a node that nobody knows is turned away for good. */
  async expect({ nodeId, nodeClass }: BorrowedNode): Promise<void> {
    const { addresses, processors } = this.#options;
    const name = checked(nodeId);
    const address = checked(Object.hasOwn(addresses, name) ? addresses[name]! : name);
    if (await this.#isKnown(name)) return;
    await this.#control('create', [
      ...[`NodeName=${name}`, `NodeAddr=${address}`, `NodeHostname=${name}`],
      ...[`CPUs=${processors}`, `Feature=${BORROWED},${checked(nodeClass)}`, 'State=FUTURE'],
    ]);
  }

  async add(node: BorrowedNode, nowMs: TimeMs): Promise<void> {
    const { registerMs } = this.#options;
    const name = checked(node.nodeId);
    await this.expect(node);
    const untilMs = Date.now() + registerMs;
    while (!(await this.#node(name))) {
      if (Date.now() > untilMs) {
        throw new OcxError({
          code: 'BACKEND_SLURM_NODE',
          message: `the slurmd of ${name} has not registered`,
          remedy: 'look at its log, and whether its slurm.conf names this controller and itself',
        });
      }
      await pause(POLL_MS);
    }
    const seconds = Math.max(1, Math.floor((node.endMs - nowMs) / 1_000));
    await this.#control('create', [
      ...['reservation', `ReservationName=${reservationOf(name)}`, `Nodes=${name}`, 'Users=root'],
      ...[`StartTime=now+${seconds}seconds`, 'Duration=infinite', 'Flags=MAINT,IGNORE_JOBS'],
    ]).catch(unless(/already exists|Requested reservation is invalid|Duplicate/i));
  }

  async drain(nodeId: string): Promise<void> {
    const name = checked(nodeId);
    const node = await this.#node(name);
    if (!node || /^(drain|down)/.test(node.state)) return;
    await this.#control('update', [`NodeName=${name}`, 'State=DRAIN', 'Reason=its lease ends']);
  }

  async remove(nodeId: string): Promise<void> {
    const name = checked(nodeId);
    await this.#control('delete', [`ReservationName=${reservationOf(name)}`]).catch(
      unless(/reservation/i),
    );
    if (!(await this.#isKnown(name))) return;
    // Batch jobs go back into the queue by this.
    await this.#control('update', [`NodeName=${name}`, 'State=DOWN', 'Reason=its lease has ended']);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#control('delete', [`NodeName=${name}`]);
        return;
      } catch (error) {
        if (!(await this.#isKnown(name))) return;
        if (attempt >= DELETE_ATTEMPTS) throw error;
        await pause(POLL_MS);
      }
    }
  }

  async lend(nodeIds: readonly string[]): Promise<void> {
    for (const name of await this.#own(nodeIds)) {
      await this.#control('update', [`NodeName=${name}`, 'State=DRAIN', `Reason=${LENT}`]);
    }
  }

  async takeBack(nodeIds: readonly string[]): Promise<void> {
    for (const name of await this.#own(nodeIds)) {
      await this.#control('update', [`NodeName=${name}`, 'State=RESUME']).catch(
        unless(/Invalid node state/),
      );
    }
  }

  /** Of these nodes, those that Slurm knows. */
  async #own(nodeIds: readonly string[]): Promise<string[]> {
    const names = new Set((await this.#nodes()).map(({ name }) => name));
    return nodeIds.map(checked).filter((name) => names.has(name));
  }

  async #nodes(): Promise<SlurmNode[]> {
    return slurmNodes(await this.#ask('sinfo', SINFO_NODES));
  }

  /** One that has registered. */
  async #node(name: string): Promise<SlurmNode | undefined> {
    return (await this.#nodes()).find((node) => node.name === name && node.state !== 'future');
  }

  /** Registered or not: sinfo does not show nodes of the future. */
  async #isKnown(name: string): Promise<boolean> {
    const shown = await this.#control('show', ['--future', 'node', name]).catch(() => '');
    return shown.includes(`NodeName=${name} `);
  }

  #control(word: string, more: readonly string[]): Promise<string> {
    const [first, ...rest] = more;
    return first === '--future'
      ? this.#ask('scontrol', ['--future', word, ...rest])
      : this.#ask('scontrol', [word, ...more]);
  }

  #ask(program: string, parameters: readonly string[]): Promise<string> {
    const environment = { ...this.#options.environment, ...SECONDS_FORMAT };
    return runProgram(program, parameters, { environment });
  }
}

const LENT = 'lent by the market';

function reservationOf(name: string): string {
  return `ocx-${name}`;
}

/** @throws INPUT_SLURM_NODE: no name of somebody else's becomes an option of a command */
function checked(name: string): string {
  if (NODE_NAME.test(name)) return name;
  throw new OcxError({
    code: 'INPUT_SLURM_NODE',
    message: `${JSON.stringify(name).slice(0, 80)} is no name that Slurm takes`,
  });
}

/** What a command says where there is nothing left to do. */
function unless(pattern: RegExp): (error: unknown) => string {
  return (error) => {
    if (error instanceof OcxError && pattern.test(error.message)) return '';
    throw error;
  };
}
