/**
 * What stands in a folder's node_modules, compared with its package-lock.json, and how to install
 * what is missing. Plain JavaScript for Node 18 and later: it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join, sep } from 'node:path';

/** Parsed JSON file, or null where it is missing or broken. */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/**
 * True where every package of the lock stands in node_modules in that version. npm records what it
 * installed in node_modules/.package-lock.json, as its last act, so a broken-off installation
 * counts as none. Optional packages may be missing: most are for other platforms.
 */
export function matchesLock(folder) {
  const wanted = readJson(join(folder, 'package-lock.json'));
  const installed = readJson(join(folder, 'node_modules', '.package-lock.json'));
  if (!wanted || !installed) return false;
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (path === '' || entry.link) return true;
    const found = installed.packages[path];
    if (!found) return entry.optional === true || entry.devOptional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

/**
 * Runs npm in `folder` without install scripts. Everything it says goes to standard error, so that
 * a command's own standard output stays clean.
 *
 * @returns true when npm succeeded
 */
export function runNpm(folder, npmArguments) {
  const quiet = ['--loglevel=error', '--no-audit', '--no-fund', '--ignore-scripts'];
  const result = spawnSync('npm', [...npmArguments, ...quiet], {
    cwd: folder,
    env: cleanEnvironment(),
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  return result.status === 0;
}

/**
 * The environment without what the npm that runs us has added: the packages' own programs on the
 * PATH (npm must not run on a Node that it is about to replace) and the description of a package.
 */
function cleanEnvironment() {
  const environment = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (/^npm_(package|lifecycle|config_local_prefix|command|execpath)/.test(name)) continue;
    environment[name] = value;
  }
  const own = join('node_modules', '.bin');
  const path = process.env.PATH ?? '';
  environment.PATH = path
    .split(delimiter)
    .filter((folder) => folder !== own && !folder.endsWith(sep + own))
    .join(delimiter);
  return environment;
}
