/** Serves the files of one folder on the loopback address, and nothing else. */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import type { ExecutionContext } from 'ava';

/** @returns its URL */
export async function serveImages(t: ExecutionContext, folder: string): Promise<string> {
  const server = createServer(({ url = '/', method }, response) => {
    const path = join(folder, normalize(new URL(url, 'http://images').pathname));
    const file = statSync(path, { throwIfNoEntry: false });
    if (!file?.isFile()) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-length': file.size });
    if (method === 'HEAD') response.end();
    else createReadStream(path).pipe(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
