/**
 * Installs what is missing: the packages of package-lock.json and, where the machine's own Node is
 * too old for this project, a current Node as a package. npm puts node_modules/.bin first on the
 * PATH of its scripts, so that Node runs whatever they start later.
 *
 * Needs nothing but Node 18 and npm, and no network once everything is there.
 *
 *     node tools/setup.mjs                     installs
 *     node tools/setup.mjs FILE ARGUMENTS...   installs, then runs FILE on the right Node
 *
 * An npm script that needs the right Node takes the second form and not `node tools/setup.mjs &&
 * node FILE`: the shell looks `node` up once, before there is a new one.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { matchesLock, readJson, runNpm } from './packages.mjs';

/** The Node that is added; the oldest one that does without it is in package.json's `engines`. */
const BUNDLED_NODE = '24.21.0';
const OLDEST_NODE = [24, 12];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const program = process.platform === 'win32' ? 'node.cmd' : 'node';
const bundledNode = join(modules, '.bin', program);
// Whether the machine's Node suffices cannot be asked of the added one that may be running this.
const needsBundled = process.execPath.startsWith(modules + sep) || !isRecent(process.versions.node);

install();
const [file, ...fileArguments] = process.argv.slice(2);
if (file === undefined) {
  say(
    `Ready: packages are installed, Node ${needsBundled ? BUNDLED_NODE : process.versions.node}.`,
  );
} else if (isRecent(process.versions.node)) {
  process.argv = [process.argv[0], resolve(root, file), ...fileArguments];
  await import(pathToFileURL(resolve(root, file)).href);
} else {
  runOnBundledNode([resolve(root, file), ...fileArguments]);
}

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

/** Only in the run that added it: later ones are on it from the start. */
function runOnBundledNode(nodeArguments) {
  const child = spawn(bundledNode, nodeArguments, {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  // A Ctrl-C reaches the child from the terminal; what it does about it is its own affair.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', () => fail(`Node ${BUNDLED_NODE} could not be started`));
  child.on('exit', (code) => (process.exitCode = code ?? 130));
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
  return manifest?.version === BUNDLED_NODE && existsSync(bundledNode);
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function fail(what) {
  const remedy = `check the network and npm's messages above, or install Node ${OLDEST_NODE.join('.')} or later`;
  say(`RESOURCE_SETUP: ${what}, ${remedy}`);
  process.exit(3);
}
