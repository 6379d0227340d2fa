/**
 * Other simulators in the same run: the same customers through a station of each, wait by wait, and
 * events in CPU seconds. A peer that is not installed is named and left out.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuSeconds } from '../benchmark.ts';
import { PEERS_FOLDER, PYTHON, runPeer, simpyVersion, TEXT } from './peer-programs.ts';
import { replayTable } from './peer-replay.ts';
import { QUEUEING_CASES } from './queueing.ts';
import { grouped, markdownTable, type Section } from './section.ts';
import {
  drawCustomers,
  waitsByCluster,
  waitsByEvents,
  type Customers,
  type Station,
} from './stations.ts';

const CUSTOMERS = 60_000;
/** The own ones run in this process, which has to warm up. */
const OWN_ROUNDS = 10;
const ROUNDS = 2;
const STATIONS = QUEUEING_CASES.filter(({ servers }) => [1, 8].includes(servers)).filter(
  ({ law, utilisation }) => law.name !== 'deterministic' && utilisation !== 0.5,
);

/** What a peer makes of a station: its waits and the CPU seconds that they took. */
interface PeerRun {
  readonly waitMs: ArrayLike<number>;
  readonly seconds: number;
}

interface Peer {
  readonly name: string;
  run(customers: Customers, servers: number): PeerRun;
}

interface Missing {
  readonly name: string;
  readonly missing: string;
}

export const peersSection: Section = {
  name: 'peers',
  onlyByName: true,
  run() {
    const folder = mkdtempSync(join(tmpdir(), 'ocx-peers-'));
    try {
      const all = [...OWN, simpy(), simgrid(folder), simjs()];
      const peers = all.filter((peer): peer is Peer => 'run' in peer);
      const missing = all.filter((peer): peer is Missing => 'missing' in peer);
      const failures: string[] = [];
      const lines = missing.map((peer) => `Left out: ${peer.name}, ${peer.missing}.\n`);
      const text = [stationTable(peers, failures), replayTable(failures), ...lines].join('\n');
      return { text, failures };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const timed =
  (waitsOf: (customers: Customers, servers: number) => ArrayLike<number>) =>
  (customers: Customers, servers: number): PeerRun => {
    let waitMs: ArrayLike<number> = [];
    const seconds = cpuSeconds(() => (waitMs = waitsOf(customers, servers)));
    return { waitMs, seconds };
  };

const OWN: readonly Peer[] = [
  { name: 'ocx, event queue', run: timed(waitsByEvents) },
  { name: 'ocx, batch cluster', run: timed(waitsByCluster) },
];

function stationTable(peers: readonly Peer[], failures: string[]): string {
  const rows: (string | number)[][] = [];
  for (const station of STATIONS) {
    const customers = drawCustomers(station, CUSTOMERS, 0);
    const runs = peers.map((peer) => bestRun(peer, customers, station));
    const [own] = runs;
    runs.forEach(({ waitMs, seconds }, index) => {
      const different = Array.from(own!.waitMs).filter((wait, i) => wait !== waitMs[i]).length;
      const off = different + Math.abs(waitMs.length - CUSTOMERS);
      const { name } = peers[index]!;
      if (off > 0) failures.push(`${name}, ${station.name}: ${off} waits differ`);
      rows.push([
        `${station.name}, ${station.law.name}, ρ = ${station.utilisation}`,
        name,
        off,
        grouped(CUSTOMERS / seconds, 0),
        `${grouped(seconds / own!.seconds, seconds / own!.seconds < 10 ? 1 : 0)} ×`,
      ]);
    });
  }
  const head = ['station', 'simulator', 'waits that differ', 'customers a CPU second', 'CPU time'];
  return markdownTable(head, rows);
}

/** The quickest of a few, for machines are shared. */
function bestRun(peer: Peer, customers: Customers, { servers }: Station): PeerRun {
  const rounds = OWN.includes(peer) ? OWN_ROUNDS : ROUNDS;
  const runs = Array.from({ length: rounds }, () => peer.run(customers, servers));
  return runs.reduce((best, run) => (run.seconds < best.seconds ? run : best));
}

function simpy(): Peer | Missing {
  const name = 'SimPy';
  const version = simpyVersion();
  if (version === null) return { name, missing: "which is Debian's python3-simpy3" };
  const script = join(PEERS_FOLDER, 'simpy-station.py');
  return {
    name: `SimPy ${version}, processes`,
    run: (customers, servers) => served(PYTHON, [script, String(servers)], customers),
  };
}

function simgrid(folder: string): Peer | Missing {
  const name = 'SimGrid';
  const program = join(folder, 'simgrid-station');
  const source = join(PEERS_FOLDER, 'simgrid-station.cpp');
  const built = spawnSync('g++', ['-O2', '-o', program, source, '-lsimgrid'], TEXT);
  if (built.status !== 0) return { name, missing: "which is g++ and Debian's libsimgrid-dev" };
  return {
    name: 'SimGrid, actors in C++',
    run: (customers, servers) =>
      served(program, [String(servers), '--log=root.thres:error'], customers),
  };
}

function simjs(): Peer | Missing {
  const name = 'SIM.JS';
  const folder = process.env['OCX_PEERS'];
  if (folder === undefined || !existsSync(join(folder, 'node_modules', 'simjs', 'package.json'))) {
    return { name, missing: 'which is the npm package simjs in a folder that OCX_PEERS names' };
  }
  const script = join(PEERS_FOLDER, 'simjs-station.mjs');
  return {
    name: 'SIM.JS, entities',
    run: (customers, servers) =>
      served(process.execPath, [script, folder, String(servers)], customers),
  };
}

/** A program that reads customers and prints CPU seconds and waits. */
function served(program: string, words: readonly string[], customers: Customers): PeerRun {
  const { arrivalMs, serviceMs } = customers;
  const { seconds, waits } = runPeer(
    program,
    words,
    Array.from(arrivalMs, (atMs, i) => `${atMs} ${serviceMs[i]!}`),
  );
  return { seconds, waitMs: waits };
}
