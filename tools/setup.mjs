/**
 * Installs what is missing: the packages of package-lock.json and, where the machine's own Node is
 * too old for this project, a current Node as a package. npm puts node_modules/.bin first on the
 * PATH of its scripts, so whatever comes after `node tools/setup.mjs &&` runs on that Node.
 *
 * Needs nothing but Node 18 and npm, and no network once everything is there.
 * `--quiet`: says nothing unless it installs or fails.
 */
import { existsSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { matchesLock, readJson, runNpm } from './packages.mjs';

/** The Node that is added; the oldest one that does without it is in package.json's `engines`. */
const BUNDLED_NODE = '24.21.0';
const OLDEST_NODE = [24, 12];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const quiet = process.argv.includes('--quiet');
// Whether the machine's Node suffices cannot be asked of the added one that may be running this.
const runsOnBundled = process.execPath.startsWith(modules + sep);
const needsBundled = runsOnBundled || !isRecent(process.versions.node);

install();
if (!quiet)
  say(
    `Ready: packages are installed, Node ${needsBundled ? BUNDLED_NODE : process.versions.node}.`,
  );

function install() {
  if (!matchesLock(root)) {
    say('Installing packages (only when they are missing or have changed) ...');
    if (!runNpm(root, ['ci'])) fail('the packages could not be installed');
  }
  if (needsBundled && !hasBundledNode()) {
    const name = bundledNodeName();
    say(`Adding Node ${BUNDLED_NODE} as a package: this machine's is ${process.versions.node} ...`);
    if (!runNpm(root, ['install', '--no-save', `${name}@${BUNDLED_NODE}`]) || !hasBundledNode()) {
      fail(`Node ${BUNDLED_NODE} could not be added`);
    }
  }
}

function isRecent(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
}

function bundledNodeName() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  return `node-${platform}-${process.arch}`;
}

function hasBundledNode() {
  const manifest = readJson(join(modules, bundledNodeName(), 'package.json'));
  const program = process.platform === 'win32' ? 'node.cmd' : 'node';
  return manifest?.version === BUNDLED_NODE && existsSync(join(modules, '.bin', program));
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function fail(what) {
  const remedy = `check the network and npm's messages above, or install Node ${OLDEST_NODE.join('.')} or later`;
  say(`RESOURCE_SETUP: ${what}, ${remedy}`);
  process.exit(3);
}
