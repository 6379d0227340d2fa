/**
 * A node of a deployment: a switch that its BMC works, a TPM, and an agent that runs while the power
 * is on and does what docs/attestation.md says.
 */
import { request, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { SwitchedNode } from '../../../backends/bmc/emulator/chassis.ts';
import type { MadeAuthority } from '../../backends/tpm/made-authority.ts';
import { profileEvents, type MadeEvent } from '../../backends/tpm/made-log.ts';
import { MadeTpm } from '../../backends/tpm/made-tpm.ts';

const ASK_AGAIN_MS = 100;

export class WalkingNode implements SwitchedNode {
  readonly nodeId: string;
  readonly tpm: MadeTpm;
  /** What it measures at its next boot. */
  boots: () => readonly MadeEvent[] = () => profileEvents();
  /** `address:port` of the airlock's gateway; null: there is no network. */
  gateway: string | null = null;
  /** When the gateway last took an answer of this node's. */
  answeredAtMs = 0;
  answers = 0;
  #boot: AbortController | null = null;

  constructor(nodeId: string, authority: MadeAuthority) {
    this.nodeId = nodeId;
    this.tpm = new MadeTpm(authority);
  }

  isOn(): boolean {
    return this.#boot !== null;
  }

  switchOn(): void {
    if (this.#boot) return;
    this.#boot = new AbortController();
    this.tpm.boot(this.boots());
    void this.#agent(this.#boot.signal);
  }

  switchOff(): void {
    this.#boot?.abort();
    this.#boot = null;
  }

  resetFirmware(): void {}

  eraseDrives(): void {}

  async #agent(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#round().catch(() => {});
      await pause(ASK_AGAIN_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #round(): Promise<void> {
    const hello = await this.#post('hello', this.tpm.hello());
    if (hello?.status !== 200) return;
    const { credential, nonce } = JSON.parse(hello.text) as { credential: string; nonce: string };
    const secret = this.tpm.activate(Buffer.from(credential, 'base64'));
    const answer = await this.#post('answer', this.tpm.quote(nonce, secret ?? Buffer.alloc(32)));
    if (answer?.status !== 202) return;
    this.answers += 1;
    this.answeredAtMs = performance.now();
  }

  async #post(call: string, body: object): Promise<{ status: number; text: string } | null> {
    if (this.gateway === null) return null;
    const [host, port] = this.gateway.split(':');
    const options = { host, port, localAddress: host, method: 'POST', timeout: 5_000 };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ ...options, path: `/v1/airlock/${call}` }, resolve)
        .once('error', reject)
        .end(JSON.stringify(body));
    });
    let text = '';
    for await (const chunk of response as AsyncIterable<Buffer>) text += String(chunk);
    return { status: response.statusCode!, text };
  }
}
