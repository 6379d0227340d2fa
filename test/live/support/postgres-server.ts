/** A PostgreSQL server of the test's own: a fresh cluster, a socket in a folder, no port. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PLACE = '/usr/lib/postgresql';

/** Folder of the newest server's programs; null where none is installed. */
function programs(): string | null {
  try {
    const [newest] = readdirSync(PLACE).sort((a, b) => Number(b) - Number(a));
    return newest === undefined ? null : join(PLACE, newest, 'bin');
  } catch {
    return null;
  }
}

/** The server refuses to run as root: there it runs as the user of its package. */
function runAs(): { uid: number; gid: number } | object {
  if (process.getuid?.() !== 0) return {};
  const id = (option: string) =>
    Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

export class PostgresServer {
  readonly #folder: string;
  readonly #bin: string;
  readonly #user = runAs();
  #server: ChildProcess | null = null;
  #databases = 0;

  private constructor(bin: string) {
    this.#bin = bin;
    this.#folder = mkdtempSync(join(tmpdir(), 'ocx-pg-'));
    if ('uid' in this.#user) {
      const { uid, gid } = this.#user as { uid: number; gid: number };
      chownSync(this.#folder, uid, gid);
    }
  }

  /** @throws where no server is installed: a test that never runs must not look like one that passes */
  static async start(): Promise<PostgresServer> {
    const bin = programs();
    if (bin === null) throw new Error('PostgreSQL is not installed: apt-get install postgresql');
    const server = new PostgresServer(bin);
    server.#run('initdb', ['-D', server.#data, '-U', 'ocx', '-A', 'trust', '--no-sync']);
    await server.resume();
    return server;
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  #run(program: string, options: readonly string[]): void {
    execFileSync(join(this.#bin, program), options, {
      ...this.#user,
      cwd: this.#folder,
      stdio: 'pipe',
    });
  }

  /** Starts the server, again after a crash, and waits until it answers. */
  async resume(): Promise<void> {
    this.#server = spawn(
      join(this.#bin, 'postgres'),
      ['-D', this.#data, '-k', this.#folder, '-c', 'listen_addresses=', '-c', 'max_connections=40'],
      { ...this.#user, cwd: this.#folder, stdio: 'ignore' },
    );
    for (let turn = 0; ; turn++) {
      try {
        this.#run('psql', ['-h', this.#folder, '-U', 'ocx', '-d', 'postgres', '-c', 'SELECT 1']);
        return;
      } catch (error) {
        if (turn > 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** An empty database of its own. */
  newDatabase(): string {
    this.#databases += 1;
    const name = `ocx${this.#databases}`;
    this.#run('createdb', ['-h', this.#folder, '-U', 'ocx', name]);
    return `postgres://ocx@/${name}?host=${encodeURIComponent(this.#folder)}`;
  }

  /** `SIGQUIT`: the server's immediate shutdown, as a crash is. */
  async stop(signal: 'SIGQUIT' | 'SIGINT'): Promise<void> {
    const server = this.#server!;
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
  }

  async remove(): Promise<void> {
    await this.stop('SIGQUIT');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
