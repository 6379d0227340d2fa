/** `ocx agent`: bids for an organisation, live, and runs what it has won. */
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { AgentFile } from '../backends/agent/agent-memory.ts';
import { Agent } from '../backends/agent/agent.ts';
import type { GiveBack } from '../backends/agent/borrowed-nodes.ts';
import type { ClusterEngine } from '../backends/engines/cluster-engine.ts';
import { JobFile } from '../backends/engines/job-file.ts';
import { SlurmCluster } from '../backends/engines/slurm/slurm-cluster.ts';
import { CallTable } from '../backends/peers/call-of.ts';
import { PeerLink } from '../backends/peers/peer-link.ts';
import { serverOf, type Server } from '../backends/peers/server.ts';
import { strategies } from '../core/agents/registry.ts';
import type { Strategy } from '../core/agents/agent.ts';
import { emptyJobTable } from '../core/demand/jobs.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { SECOND_MS } from '../core/kernel/units.ts';
import { loadJobs } from '../workloads/source.ts';
import { readAgentConfiguration, valuationOf } from './agent-configuration.ts';
import type { AgentConfiguration } from './agent-configuration.ts';
import { defineCommand, runCommand } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { readInputText } from './files.ts';
import { callService, pathOf } from './live-client.ts';
import { peerToken, serverFrom } from './live-peers.ts';
import { effectLogIn } from './effect-log-file.ts';
import { startOrchestrator } from './live-orchestrator.ts';
import { openStore, toldToEnd } from './live-service.ts';
import { readVersion } from './version.ts';

/** What an organisation may borrow: jobs are not measured by its own nodes. */
const NODES_MAXIMUM = 1_000_000;

interface AgentOptions extends CommonOptions {
  readonly org: string;
  readonly strategy: string;
  readonly source: string;
  readonly config: string;
  readonly server?: string;
  readonly store?: string;
  readonly state?: string;
}

export function registerAgent(program: Command): void {
  defineCommand(program, 'agent', 'Bid for an organisation, live, and run what it has won.')
    .requiredOption('--org <name>', 'in whose name')
    .requiredOption('--strategy <name>', `one of ${[...strategies.keys()].join(', ')}`)
    .requiredOption(
      '--source <file|slurm|none>',
      'a file of jobs, the Slurm of this machine, or none: nodes to lend and nothing to run',
    )
    .requiredOption('--config <file>', 'services, leases and what work is worth')
    .option('--server <url>', 'where the market is; else market.url or OCX_SERVER')
    .option('--store <store>', 'of its orchestrator; else a file beside the configuration')
    .option('--state <file>', 'what it keeps over a restart; else beside the configuration')
    .action((options: AgentOptions) => runCommand(options, (output) => run(output, options)));
}

async function run(output: Output, options: AgentOptions): Promise<void> {
  const file = output.path(options.config);
  const configuration = readAgentConfiguration(file);
  const strategy = strategyOf(options.strategy);
  const { server, token } = marketOf(output, options, configuration, file);
  const state = new AgentFile(output.path(options.state ?? `${file}.${options.org}.state.json`));
  const { leases, work, peers } = configuration;
  state.record.originMs ??= Date.now();
  const engine = engineOf(output, options, configuration, state.record.originMs);
  const note = (line: string) => output.note(line);
  const storeName = options.store ?? `sqlite:${file}.${options.org}.db`;
  const store = await openStore(storeName, output.path);
  const orchestrator = await startOrchestrator(
    {
      ...{ store, peers, file, version: readVersion() },
      deadLetters: `${file}.dead-letters.jsonl`,
      effectLog: effectLogIn(configuration.effectLogs, file, `orchestrator-${options.org}`),
      log: (line) => note(line.trimEnd()),
    },
    { name: options.org, isolation: leases.isolation },
  );
  const agent = new Agent({
    organisation: options.org,
    ...{ strategy, engine, note, file: state },
    parameters: work.parameters,
    market: (method, path, body, key) =>
      callService(server, token, { method, path, ...(body ? { body } : {}) }, key),
    leases: orchestrator,
    setup: {
      method: leases.method,
      imageId: leases.imageId,
      policyId: leases.policyId,
      provisioner: leases.provisioner,
    },
    attester: leases.attester ?? null,
    recallPenaltyPartsPerMillion: Math.round(work.recallPenaltyShare * 1e6),
    bidAheadMs: work.bidAheadSeconds * SECOND_MS,
    times: {
      drainAheadMs: work.drainAheadSeconds * SECOND_MS,
      removeAheadMs: work.removeAheadSeconds * SECOND_MS,
      idleRounds: work.idleRounds === 0 ? Infinity : work.idleRounds,
    },
    giveBack: giveBackAt(configuration, file),
    nowMs: () => Date.now(),
  });
  const link = new PeerLink({
    ...{ peer: 'market', server, token, note, calls: new CallTable([]) },
  });
  link.start({
    cursorOf: () => agent.marketCursor,
    takeMessage: (_, cursor, body) => agent.hear(cursor, body),
    isAwaited: () => false,
    takeReply: () => {},
  });
  output.result({ organisation: options.org, strategy: strategy.name, server: server.name }, () => {
    return `The agent of ${options.org} bids at ${server.name}`;
  });
  const controller = new AbortController();
  const working = agent.run(controller.signal);
  try {
    await Promise.race([toldToEnd(), orchestrator.failed, working]);
  } finally {
    controller.abort();
    await working;
    await link.stop();
    await orchestrator.stop();
    await store.close();
    state.save();
  }
}

/** @throws INPUT_STRATEGY */
function strategyOf(name: string): Strategy {
  const strategy = strategies.get(name);
  if (strategy) return strategy;
  throw new OcxError({
    code: 'INPUT_STRATEGY',
    message: `there is no strategy ${JSON.stringify(name)}`,
    remedy: `use one of ${[...strategies.keys()].join(', ')}`,
  });
}

/** @throws INPUT_SERVER, INPUT_TOKEN */
function marketOf(
  output: Output,
  options: AgentOptions,
  { market }: AgentConfiguration,
  file: string,
): { readonly server: Server; readonly token: string } {
  const { environment } = output.streams;
  const url = options.server ?? market.url ?? environment['OCX_SERVER'] ?? '';
  const server = serverOf(serverFrom(url, file));
  const token =
    market.token ??
    (market.tokenFile === undefined
      ? environment['OCX_TOKEN']
      : readInputText(resolve(dirname(file), market.tokenFile)).trim());
  if (token) return { server, token };
  throw new OcxError({
    code: 'INPUT_TOKEN',
    message: 'there is no token for the market',
    remedy: 'set market.tokenFile or OCX_TOKEN',
  });
}

/** @throws INPUT_WORKLOAD…, INPUT_AGENT_FILE_TABLE */
function engineOf(
  output: Output,
  { source, config }: AgentOptions,
  configuration: AgentConfiguration,
  originMs: number,
): ClusterEngine {
  const valuation = valuationOf(configuration);
  if (source === 'slurm') {
    const {
      configuration: slurmConf,
      processors,
      addresses,
      registerSeconds,
    } = configuration.slurm;
    const environment: Record<string, string> =
      slurmConf === undefined
        ? {}
        : { SLURM_CONF: resolve(dirname(output.path(config)), slurmConf) };
    const registerMs = registerSeconds * SECOND_MS;
    return new SlurmCluster({ valuation, processors, addresses, environment, registerMs });
  }
  const { file: table } = configuration;
  if (!table) {
    throw new OcxError({
      code: 'INPUT_AGENT_FILE_TABLE',
      message: 'a file of jobs needs own nodes to run them on',
      place: { file: output.path(config), keyPath: 'file' },
      remedy: 'add [file] with nodes = […]',
    });
  }
  const path = output.path(source);
  const jobs =
    source === 'none'
      ? emptyJobTable(0)
      : loadJobs({ ...formatOf(source), ...table.workload }, path, NODES_MAXIMUM);
  return new JobFile({ valuation, jobs, ownNodeIds: table.nodes, originMs });
}

/** Any CSV is taken for the canonical one, unless the table says otherwise. */
function formatOf(source: string): { readonly format?: string } {
  return /\.csv(\.gz|\.zst)?$/.test(source) ? { format: 'csv' } : {};
}

/** By the borrower's own word at the isolation service. @throws INPUT_PEER */
function giveBackAt({ peers, leases }: AgentConfiguration, file: string): GiveBack {
  const peer = peers.find(({ name }) => name === leases.isolation);
  if (!peer) {
    throw new OcxError({
      code: 'INPUT_PEER',
      message: `no peer is called ${leases.isolation}`,
      place: { file, keyPath: 'peers' },
      remedy: 'say where the isolation service is, and the token of the organisation there',
    });
  }
  const server = serverOf(serverFrom(peer.url, file));
  const token = peerToken(peer, file, `peers ${peer.name}`);
  return async (leaseId, nodeId) => {
    const path = `${pathOf('leases', leaseId)}/return`;
    const call = { method: 'POST', path, body: { nodeIds: [nodeId] } } as const;
    await callService(server, token, call, `return/${leaseId}/${nodeId}`.slice(0, 64)).catch(
      (error: unknown) => {
        // It is over already, or the node has left it.
        const isOver = error instanceof OcxError && /^(NOT_FOUND|CONFLICT_STATE)/.test(error.code);
        if (!isOver) throw error;
      },
    );
  };
}
