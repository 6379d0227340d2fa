/** The tests with an Ironic of Debian's; tools/test-ironic.ts installs it. */
export default {
  extensions: ['ts'],
  files: ['test/ironic/**/*.ironic.ts'],
  timeout: '9m',
  workerThreads: false,
};
