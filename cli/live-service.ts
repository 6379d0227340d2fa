/** What all roles of `ocx serve` have in common: the runner, the API, and where it listens. */
import { chmodSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { serviceGateway } from '../backends/http/gateway.ts';
import { serviceApi } from '../backends/http/service-api.ts';
import type { ServiceFacade } from '../backends/http/service-facade.ts';
import { Tokens } from '../backends/http/tokens.ts';
import { liveClock, type Clock } from '../backends/runner/clock.ts';
import { writeDeadLetter } from '../backends/runner/dead-letters.ts';
import { carryOutLogged } from '../backends/runner/effect-log.ts';
import type { LiveService } from '../backends/runner/live-service.ts';
import { LiveRunner, type RunnerPorts } from '../backends/runner/runner.ts';
import { openSqliteStore } from '../backends/store/sqlite.ts';
import type { Store } from '../backends/store/store.ts';
import { OcxError } from '../core/kernel/errors.ts';
import type { ServiceEffect, ServiceEvent } from '../core/kernel/service.ts';
import { instanceName } from './instance-name.ts';
import { sha256 } from './journal-file.ts';
import { Peers } from './live-peers.ts';
import type { Listening, Served, ServeRequest } from './live-role.ts';

/** What is left of connections after that is cut. */
const SHUTDOWN_MS = 5_000;
/** The owner and the group may connect; who may do what, tokens say. */
const SOCKET_MODE = 0o660;

/** `sqlite:PATH` or `postgres://…`. @throws INPUT_STORE, RESOURCE_STORE */
export async function openStore(name: string, path: (given: string) => string): Promise<Store> {
  const file = /^sqlite:(.+)$/.exec(name)?.[1];
  if (file !== undefined) return openSqliteStore(path(file));
  if (/^postgres(ql)?:\/\//.test(name)) {
    // Its client is a large package that nobody else needs.
    const { openPostgresStore } = await import('../backends/store/postgres.ts');
    return openPostgresStore(name);
  }
  throw new OcxError({
    code: 'INPUT_STORE',
    message: `no store is called ${JSON.stringify(name)}`,
    remedy: 'give sqlite: and the path of a file, or postgres:// and a database',
  });
}

/** A service that runs, and does not answer yet. */
export interface Started<Runner> {
  readonly runner: Runner;
  readonly journal: string;
  readonly peers: Peers;
  readonly failed: Promise<never>;
}

/** Replays the journal, and starts the service and its links to others. */
export async function startService<
  Configuration,
  State,
  Event extends ServiceEvent,
  Effect extends ServiceEffect,
>(
  request: Pick<ServeRequest, 'store' | 'version' | 'deadLetters' | 'peers' | 'file' | 'log'> &
    Partial<Pick<ServeRequest, 'effectLog'>>,
  live: LiveService<Configuration, State, Event, Effect>,
  own: {
    readonly journal: string;
    readonly configuration: Configuration;
    readonly carryOut: RunnerPorts<State, Effect>['carryOut'];
    readonly clock?: RunnerPorts<State, Effect>['clock'];
    /** Its devices log what they are asked themselves, behind their lanes. */
    readonly logsItself?: boolean;
  },
): Promise<Started<LiveRunner<Configuration, State, Event, Effect>>> {
  const { store, version, deadLetters } = request;
  const { journal, configuration, carryOut, clock = liveClock } = own;
  const { logsItself = false } = own;
  const instance = instanceName(journal, configuration);
  const { effectLog = null } = request;
  const peers = new Peers(request.peers, request.file, (line) => request.log(`${line}\n`));
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  let shown: Clock | undefined;
  const runner = await LiveRunner.start(
    live,
    { store, journal, configuration, version, sha256, nowMs: Date.now() },
    {
      clock: (notBeforeMs) => (shown = clock(notBeforeMs)),
      recovered: (events) => {
        effectLog?.write({ kind: 'started', instance, events, timeMs: shown!.nowMs() });
      },
      carryOut: (effect, ...rest) => {
        const work = () => carryOut(effect, ...rest);
        if (!effectLog || logsItself) return work();
        return carryOutLogged(effectLog, () => shown!.nowMs(), effect, work);
      },
      ask: (asked) => peers.ask(asked),
      deadLetter: (event, error) => writeDeadLetter(deadLetters, event, error),
      failed: reject,
    },
  );
  if (live.openMail) peers.start(runner);
  return { runner, journal, peers, failed };
}

/**
 * Lets the service be called.
 *
 * @param end what else has to end, before the runner does
 */
export async function answerCalls<
  Configuration,
  State,
  Event extends ServiceEvent,
  Effect extends ServiceEffect,
>(
  request: ServeRequest,
  { runner, journal, peers, failed }: Started<LiveRunner<Configuration, State, Event, Effect>>,
  facade: ServiceFacade<State>,
  extend: (scope: FastifyInstance) => void = () => {},
  end: () => void | Promise<void> = () => {},
  beside: (app: FastifyInstance) => void = () => {},
): Promise<Served> {
  const { store, version, log, listening } = request;
  const app = await serviceApi({
    facade,
    gateway: serviceGateway(facade, runner, store, journal),
    tokens: new Tokens(request.tokens as never),
    version,
    extend,
    beside,
    log: { write: log },
    tls: 'socket' in listening ? null : listening.tls,
  });
  const url = await listen(app, listening);
  return {
    ...{ url, epoch: runner.epoch, replayed: runner.replayed, failed },
    async stop() {
      await end();
      const cut = setTimeout(() => app.server.closeAllConnections(), SHUTDOWN_MS);
      await app.close();
      clearTimeout(cut);
      await peers.stop();
      await runner.stop();
      request.effectLog?.write({ kind: 'stopped', timeMs: runner.clock.nowMs() });
      request.effectLog?.close();
    },
  };
}

/** @returns the server's URL, `unix:PATH` for a socket */
export async function listen(app: FastifyInstance, listening: Listening): Promise<string> {
  if (!('socket' in listening)) {
    return app.listen({ host: listening.host, port: listening.port });
  }
  const path = resolve(listening.socket);
  await removeStaleSocket(path);
  await app.listen({ path });
  chmodSync(path, SOCKET_MODE);
  return `unix:${path}`;
}

/** A process that was killed leaves its socket behind; one that lives answers at it. */
export async function removeStaleSocket(path: string): Promise<void> {
  if (!statSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  const isLive = await new Promise<boolean>((answer) => {
    const socket = connect(path);
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
    socket.once('connect', () => socket.destroy());
  });
  if (!isLive) rmSync(path);
}

/** Ctrl-C or a supervisor's request. */
export function toldToEnd(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
