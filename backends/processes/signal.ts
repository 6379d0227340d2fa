/** Signals to processes that may be gone already. */

/** @param pid as `process.kill` takes it: below 0, all of a group. Nothing where it is gone */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
