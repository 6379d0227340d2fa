/** A site on a virtual rack: virtual machines that boot, minutes in sum. */
export default {
  extensions: ['ts'],
  files: ['test/rack/**/*.rack.ts'],
  timeout: '14m',
  workerThreads: false,
  concurrency: 1,
};
