/** Readers against damaged input, a million of them; see test/fuzz/. */
export default {
  extensions: ['ts'],
  files: ['test/fuzz/**/*.fuzz.ts'],
  timeout: '8m',
  workerThreads: false,
  concurrency: 2,
};
