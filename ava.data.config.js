/** The tests on real data; see tools/test-data.ts. */
export default {
  extensions: ['ts'],
  files: ['test/data/**/*.data.ts'],
  timeout: '7m',
  workerThreads: false,
  concurrency: 2,
};
