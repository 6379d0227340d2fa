/** The console of a leased node, as its lessee has it: over the isolation service's API. */
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { RackSite } from './rack-site.ts';

const ANSWER_MS = 60_000;
const TYPE_AGAIN_MS = 5_000;

/** What a command prints. @throws where it does not come to its end */
export async function runOnConsole(
  site: RackSite,
  party: `tenant-${number}`,
  nodeId: string,
  command: string,
): Promise<string> {
  const options = {
    socketPath: site.socket('isolation').replace(/^unix:/, ''),
    path: `/v1/nodes/${nodeId}/console`,
    headers: { authorization: `Bearer ${site.token(party)}` },
  };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const mark = `done-${Date.now()}`;
  let said = '';
  const reading = request(options, (response: IncomingMessage) => {
    if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`));
    const type = () => send(options, `${command}; echo "${mark.slice(0, 4)}""${mark.slice(4)}"\n`);
    type();
    // A shell that was not there yet has not heard it.
    const again = setInterval(type, TYPE_AGAIN_MS);
    response.setEncoding('latin1');
    response.on('data', (chunk: string) => {
      said += chunk;
      if (said.includes(`${mark}\r\n`)) resolve(said);
    });
    response.on('close', () => clearInterval(again));
  });
  reading.on('error', reject).end();
  const timer = setTimeout(() => reject(new Error(`no end of ${command}: ${said}`)), ANSWER_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    reading.destroy();
  }
}

function send(options: { socketPath: string; path: string; headers: object }, text: string): void {
  const headers = { ...options.headers, 'content-type': 'application/octet-stream' };
  const writing = request({ ...options, method: 'POST', headers });
  writing.on('error', () => undefined).on('response', (response) => response.resume());
  writing.end(text);
}
