/** The tests of the live world that take long: processes that are killed, many times. */
export default {
  extensions: ['ts'],
  files: ['test/live/**/*.live.ts'],
  environmentVariables: { OCX_CRASH_ROUNDS: process.env.OCX_CRASH_ROUNDS ?? '300' },
  timeout: '9m',
  workerThreads: false,
  concurrency: 2,
};
