/**
 * The tests of the live world, in groups that continuous integration runs one after the other:
 * drivers against what they drive, a real Slurm, and, all the rest, services in processes of their
 * own, killed many times. `OCX_LIVE_GROUP` names one; without it all are run.
 */
const GROUPS = {
  drivers: [
    'dhcp',
    'disks',
    'fenced-switch',
    'hung-switch',
    'ipmi-sim',
    'linux-bridge',
    'openvswitch',
    'provisioning',
    'ssh-switch',
    'tpm',
    'tunnel',
  ],
  slurm: ['slurm-agent', 'slurm-sweep'],
};

/** @param {readonly string[]} names */
const filesOf = (names) => names.map((name) => `test/live/${name}.live.ts`);

const grouped = Object.values(GROUPS).flat();
const services = ['test/live/**/*.live.ts', ...filesOf(grouped).map((file) => `!${file}`)];
const group = process.env.OCX_LIVE_GROUP;

export default {
  extensions: ['ts'],
  files:
    group === undefined
      ? ['test/live/**/*.live.ts']
      : group === 'services'
        ? services
        : filesOf(GROUPS[group]),
  environmentVariables: { OCX_CRASH_ROUNDS: process.env.OCX_CRASH_ROUNDS ?? '300' },
  timeout: '9m',
  workerThreads: false,
  concurrency: 2,
};
