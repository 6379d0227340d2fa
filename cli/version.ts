/** The version of the installed program. */
import { readFileSync } from 'node:fs';

export function readVersion(): string {
  // From a checkout package.json is one folder up, from dist/ it is two.
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), 'utf8');
      return String((JSON.parse(text) as { version: unknown }).version);
    } catch {
      continue;
    }
  }
  return 'unknown';
}
