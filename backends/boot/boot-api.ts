/** The boot desk over HTTP, in the clear, inside the tenant's network; calls are in docs/boot.md. */
import { createReadStream, statSync } from 'node:fs';
import fastify from 'fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { PROBLEM_TYPE, problemOf } from '../http/problem.ts';
import type { BootDesk } from './boot-desk.ts';
import { BOOT_IMAGE } from './dnsmasq.ts';

export interface BootApiOptions {
  readonly desk: BootDesk;
  /** The boot image, for nodes that are powered on in the enclave; null: none. */
  readonly imageFile: string | null;
}

const REQUEST_TIMEOUT_MS = 10_000;
const BODY_BYTES_MAXIMUM = 1_024;
const TEXT = 'text/plain; charset=utf-8';
/** Firmware asks for it by GET and HEAD. */
const IMAGE_TYPE = 'application/efi';

interface Named {
  readonly Params: { readonly mac: string };
}

/** Ready to listen. */
export function bootApi({ desk, imageFile }: BootApiOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: BODY_BYTES_MAXIMUM,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    // Descriptions of disks hold secrets: nothing is logged.
    logger: false,
  });
  // Agents are shell scripts, which send what they like with a POST.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume().on('end', () => done(null));
  });
  app.setNotFoundHandler((_request, reply) => notFound(reply));
  app.get('/v1/whereami', (_request, reply) => reply.type(TEXT).send('enclave'));
  app.get<Named>('/v1/boot/:mac', async ({ params, socket }, reply) => {
    const text = await desk.describe(params.mac, plainAddress(socket.remoteAddress));
    if (text === null) return notFound(reply);
    return reply.type(TEXT).header('cache-control', 'no-store').send(text);
  });
  app.post<Named>('/v1/boot/:mac/up', async ({ params, socket }, reply) => {
    const taken = await desk.up(params.mac, plainAddress(socket.remoteAddress));
    return taken ? reply.code(204).send() : notFound(reply);
  });
  app.get('/boot.ipxe', async ({ socket }, reply) => {
    const script = await desk.ipxeScript(plainAddress(socket.remoteAddress));
    return script === null ? notFound(reply) : reply.type(TEXT).send(script);
  });
  if (imageFile !== null) {
    app.get(`/${BOOT_IMAGE}`, (_request, reply) => {
      // Of unknown length, firmware does not take it.
      reply.header('content-length', statSync(imageFile).size).type(IMAGE_TYPE);
      return reply.send(createReadStream(imageFile));
    });
  }
  return app;
}

function notFound(reply: FastifyReply): FastifyReply {
  const message = 'there is nothing here for this node now';
  const problem = problemOf({ code: 'NOT_FOUND_BOOT', message });
  return reply.code(problem.status).type(PROBLEM_TYPE).send(problem);
}

/** IPv4 addresses as such, also where the socket takes IPv6. */
function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '');
}
