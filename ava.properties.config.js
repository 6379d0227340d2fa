/** The properties of mechanisms, on many more random markets than `npm test` takes. */
export default {
  extensions: ['ts'],
  files: ['test/properties/**/*.properties.ts'],
  environmentVariables: { OCX_PROPERTY_RUNS: process.env.OCX_PROPERTY_RUNS ?? '10000' },
  timeout: '14m',
  workerThreads: false,
  concurrency: 2,
};
