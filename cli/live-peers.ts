/** The services that a service talks with, as `[[peers]]` of its configuration names them. */
import { dirname, resolve } from 'node:path';
import { Type, type Static } from 'typebox';
import { FACADES } from '../backends/http/facades.ts';
import { CallTable } from '../backends/peers/call-of.ts';
import { PeerLink, type LinkedService } from '../backends/peers/peer-link.ts';
import { serverOf, type Server } from '../backends/peers/server.ts';
import type { PeerRequest } from '../backends/runner/peer-mail.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { readInputText } from './files.ts';

export const PeersSchema = Type.Array(
  Type.Object(
    {
      name: Type.String({ pattern: '^[\\x21-\\x7e]{1,128}$' }),
      url: Type.String({ description: 'http://…, https://… or unix: and the path of a socket' }),
      token: Type.Optional(Type.String({ description: 'ours at the peer' })),
      tokenFile: Type.Optional(Type.String({ description: 'instead: a file with it, relative' })),
      authority: Type.Optional(Type.String({ description: 'PEM file: who certifies the peer' })),
      certificate: Type.Optional(
        Type.String({ description: 'PEM file: ours, where it wants one' }),
      ),
      key: Type.Optional(Type.String({ description: 'PEM file' })),
    },
    { additionalProperties: false },
  ),
);

export type PeerEntry = Static<typeof PeersSchema>[number];

/** All links of one service. */
export class Peers {
  readonly #links = new Map<string, PeerLink>();
  readonly #unknown = new Set<string>();
  readonly #note: (line: string) => void;

  /**
   * @param file of the configuration, whose folder relative paths are in
   * @throws INPUT_PEER, INPUT_SERVER, INPUT_FILE_…
   */
  constructor(entries: readonly PeerEntry[], file: string, note: (line: string) => void) {
    this.#note = note;
    const calls = new CallTable(FACADES);
    for (const [index, entry] of entries.entries()) {
      const { name: peer } = entry;
      if (this.#links.has(peer))
        throw badPeer(file, `peers[${index}]`, `two peers are called ${peer}`);
      const { server, token } = peerAddress(entry, file, `peers[${index}]`);
      this.#links.set(peer, new PeerLink({ peer, server, token, calls, note }));
    }
  }

  /** For `RunnerPorts.ask`. */
  ask(request: PeerRequest): void {
    const { peer } = request;
    const link = this.#links.get(peer);
    if (link) return link.ask(request);
    // Whoever asks has a time after which it gives up.
    if (!this.#unknown.has(peer)) this.#note(`no peer is called ${peer}: it cannot be asked`);
    this.#unknown.add(peer);
  }

  start(service: LinkedService): void {
    for (const link of this.#links.values()) link.start(service);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.stop()));
  }
}

/** Sockets are relative to the folder of the configuration, like its other paths. */
export function serverFrom(url: string, file: string): string {
  return url.replace(/^unix:(?!\/)/, () => `unix:${dirname(file)}/`);
}

/** Where a peer is, and our token there. @throws INPUT_PEER, INPUT_SERVER, INPUT_FILE_… */
export function peerAddress(
  entry: PeerEntry,
  file: string,
  keyPath: string,
): { readonly server: Server; readonly token: string } {
  const server = withCertificates(serverOf(serverFrom(entry.url, file)), entry, file);
  return { server, token: peerToken(entry, file, keyPath) };
}

/** @throws INPUT_FILE_… */
function withCertificates(server: Server, entry: PeerEntry, file: string): Server {
  const read = (name: string | undefined) =>
    name === undefined ? undefined : readInputText(resolve(dirname(file), name));
  const { authority, certificate, key } = entry;
  const own = { ca: read(authority), cert: read(certificate), key: read(key) };
  return { ...server, options: { ...server.options, ...own } as Server['options'] };
}

/** @throws INPUT_PEER, INPUT_FILE_… */
export function peerToken(
  { token, tokenFile }: { readonly token?: string; readonly tokenFile?: string },
  file: string,
  keyPath: string,
): string {
  if ((token === undefined) === (tokenFile === undefined)) {
    throw badPeer(file, keyPath, 'a service needs a token or a tokenFile, and not both');
  }
  return token ?? readInputText(resolve(dirname(file), tokenFile!)).trim();
}

export function badPeer(file: string, keyPath: string, message: string): OcxError {
  return new OcxError({
    code: 'INPUT_PEER',
    message,
    place: { file, keyPath },
  });
}
