/**
 * Asks an NBD server for one export by its name, as a node does, and goes no further.
 * Protocol: github.com/NetworkBlockDevice/nbd, doc/proto.md (fixed newstyle, NBD_OPT_GO).
 */
import { connect, type Socket } from 'node:net';

const SERVER_MAGIC = 0x4e42_444d_4147_4943n;
const OPTION_MAGIC = 0x4948_4156_454f_5054n;
const REPLY_MAGIC = 0x0003_e889_0455_65a9n;
const FIXED_NEWSTYLE_NO_ZEROES = 3;
const OPTION_ABORT = 2;
const OPTION_GO = 7;
const REPLY_ACK = 1;
const REPLY_INFO = 3;
const INFO_EXPORT = 0;
const GREETING_BYTES = 18;
const REPLY_BYTES = 20;
const REPLY_DATA_MAXIMUM = 65_536;

/** Size of the export in bytes; null where the server has none of that name. Throws otherwise. */
export async function probeNbd(
  host: string,
  port: number,
  exportName: string,
  signal: AbortSignal,
): Promise<number | null> {
  const socket = connect({ host, port, signal });
  try {
    return await negotiate(socket, exportName);
  } finally {
    socket.destroy();
  }
}

async function negotiate(socket: Socket, exportName: string): Promise<number | null> {
  const read = reader(socket);
  const greeting = await read(GREETING_BYTES);
  if (
    greeting.readBigUInt64BE(0) !== SERVER_MAGIC ||
    greeting.readBigUInt64BE(8) !== OPTION_MAGIC
  ) {
    throw new Error('the server speaks no NBD');
  }
  const flags = Buffer.alloc(4);
  flags.writeUInt32BE(FIXED_NEWSTYLE_NO_ZEROES);
  const name = Buffer.from(exportName);
  const body = Buffer.alloc(6 + name.length);
  body.writeUInt32BE(name.length);
  name.copy(body, 4);
  socket.write(Buffer.concat([flags, option(OPTION_GO, body)]));
  let sizeBytes: number | null = null;
  for (;;) {
    const head = await read(REPLY_BYTES);
    const type = head.readUInt32BE(12);
    const length = head.readUInt32BE(16);
    if (head.readBigUInt64BE(0) !== REPLY_MAGIC || length > REPLY_DATA_MAXIMUM) {
      throw new Error('the server’s answer is no NBD');
    }
    const data = length > 0 ? await read(length) : Buffer.alloc(0);
    if (type === REPLY_INFO && length >= 10 && data.readUInt16BE(0) === INFO_EXPORT) {
      sizeBytes = Number(data.readBigUInt64BE(2));
    } else if (type !== REPLY_INFO) {
      if (type !== REPLY_ACK) socket.end(option(OPTION_ABORT, Buffer.alloc(0)));
      return type === REPLY_ACK ? sizeBytes : null;
    }
  }
}

function option(kind: number, body: Buffer): Buffer {
  const head = Buffer.alloc(16);
  head.writeBigUInt64BE(OPTION_MAGIC);
  head.writeUInt32BE(kind, 8);
  head.writeUInt32BE(body.length, 12);
  return Buffer.concat([head, body]);
}

/** Reads exactly so many bytes. */
function reader(socket: Socket): (bytes: number) => Promise<Buffer> {
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest = Buffer.alloc(0);
  return async (bytes) => {
    while (rest.length < bytes) {
      const { value, done } = await chunks.next();
      if (done) throw new Error('the server has hung up');
      rest = Buffer.concat([rest, value]);
    }
    const taken = rest.subarray(0, bytes);
    rest = rest.subarray(bytes);
    return taken;
  };
}
