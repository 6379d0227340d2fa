/** Two network namespaces with a cable between them: a tenant's provisioner and its node. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';

const run = promisify(execFile);
const TOOL_MS = 20_000;

export class NamespacePair {
  readonly server: string;
  readonly node: string;

  private constructor(name: string) {
    this.server = `${name}s`;
    this.node = `${name}n`;
  }

  /** @param serverAddress and its prefix; both ends are in the same network */
  static async open(
    t: ExecutionContext,
    serverAddress: string,
    nodeAddress: string,
  ): Promise<NamespacePair> {
    const pair = new NamespacePair(`ocxst${process.pid}`);
    const { server, node } = pair;
    t.teardown(async () => {
      for (const name of [server, node]) await run('ip', ['netns', 'delete', name]).catch(() => {});
    });
    for (const name of [server, node]) await run('ip', ['netns', 'add', name]);
    const cable = ['link', 'add', 'en0', 'netns', server, 'type', 'veth', 'peer', 'name', 'en0'];
    await run('ip', [...cable, 'netns', node]);
    for (const [name, address] of [
      [server, serverAddress],
      [node, nodeAddress],
    ] as const) {
      await run('ip', ['-n', name, 'address', 'add', address, 'dev', 'en0']);
      for (const link of ['en0', 'lo']) await run('ip', ['-n', name, 'link', 'set', link, 'up']);
    }
    return pair;
  }

  /** What the command prints that the node runs. */
  async onNode(...command: string[]): Promise<string> {
    const words = ['netns', 'exec', this.node, ...command];
    return (await run('ip', words, { timeout: TOOL_MS })).stdout;
  }

  /** True where the command ends well. */
  async works(...command: string[]): Promise<boolean> {
    return this.onNode(...command).then(
      () => true,
      () => false,
    );
  }

  /** True where no process is left in either of them. */
  async isEmpty(): Promise<boolean> {
    for (const name of [this.server, this.node]) {
      const { stdout } = await run('ip', ['netns', 'pids', name]);
      if (stdout.trim() !== '') return false;
    }
    return true;
  }
}
