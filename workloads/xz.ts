/**
 * xz, unpacked at once. Node has no decoder of its own, and the package's works on streams only:
 * it runs in a process of its own, where a bomb also meets its end.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL(`./xz-process${import.meta.url.slice(-3)}`, import.meta.url));
/** XZ_BUF_ERROR of the decoder. */
const ENDED_EARLY = 8;

/** @throws an error with a code as those of node:zlib have: ERR_BUFFER_TOO_LARGE, Z_BUF_ERROR, … */
export function unxzSync(packed: Uint8Array, maxOutputLength: number): Buffer {
  const { status, stdout, error } = spawnSync(process.execPath, [PROCESS], {
    input: packed,
    maxBuffer: maxOutputLength,
    env: {},
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOBUFS') {
    throw Object.assign(new Error('too much'), { code: 'ERR_BUFFER_TOO_LARGE' });
  }
  if (status === 0 && !error) return stdout;
  const code = status === ENDED_EARLY ? 'Z_BUF_ERROR' : `xz ${status ?? 'killed'}`;
  throw Object.assign(new Error('damaged'), { code });
}
