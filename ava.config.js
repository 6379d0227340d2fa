/** The tests that need nothing but npm packages: `npm test`. */
import { join } from 'node:path';

export default {
  extensions: ['ts'],
  files: ['test/**/*.test.ts'],
  // Each file is a process of its own, and most load the same modules: what was compiled once is kept.
  environmentVariables: {
    NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'compile'),
  },
  timeout: '4m',
  workerThreads: false,
  concurrency: 2,
};
