/** `--set key.path=value` and the `set` table of a variant: one change of the raw document. */
import { parse as parseToml } from 'smol-toml';
import { OcxError } from '../../core/kernel/errors.ts';

export interface Setting {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** Values are read as TOML (`3`, `true`, `[1, 2]`, `"text"`), anything else as plain text. */
export function parseSetting(text: string): Setting {
  const split = text.indexOf('=');
  const path = text.slice(0, Math.max(split, 0)).trim();
  if (split <= 0 || path === '') {
    throw new OcxError({
      code: 'INPUT_SETTING',
      message: `${JSON.stringify(text)} is not a setting`,
      remedy: 'write --set key.path=value',
    });
  }
  return { path: path.split('.'), value: parseValue(text.slice(split + 1).trim()) };
}

function parseValue(text: string): unknown {
  try {
    return parseToml(`value = ${text}`)['value'];
  } catch {
    return text;
  }
}

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Puts one value into the raw document; tables in arrays are addressed by their `name`, all of
 * them by `*`. Missing tables are made, a missing name in an array is an error.
 */
export function applySetting(
  document: Record<string, unknown>,
  setting: Setting,
  file: string,
  origin = '--set',
): void {
  const last = setting.path.at(-1)!;
  let target: Record<string, unknown> = document;
  for (const [depth, key] of setting.path.entries()) {
    if (key === '' || FORBIDDEN.has(key)) throw noSuchKey(setting, file, origin);
    if (depth === setting.path.length - 1) break;
    const next: unknown = target[key] ?? (target[key] = {});
    if (Array.isArray(next)) {
      const named = setting.path[depth + 1];
      if (named === '*') {
        const rest = { path: setting.path.slice(depth + 2), value: setting.value };
        if (rest.path.length === 0) throw noSuchKey(setting, file, origin);
        for (const item of next) applySetting(item as Record<string, unknown>, rest, file, origin);
        return;
      }
      const entry = next.find((item) => (item as { name?: unknown })?.name === named);
      if (entry === undefined) throw noSuchKey(setting, file, origin);
      // The next key is the name itself: step over it through a view of the array by name.
      target = { [named!]: entry };
      continue;
    }
    if (typeof next !== 'object' || next === null) throw noSuchKey(setting, file, origin);
    target = next as Record<string, unknown>;
  }
  target[last] = structuredClone(setting.value);
}

function noSuchKey(setting: Setting, file: string, origin: string): OcxError {
  return new OcxError({
    code: 'INPUT_SETTING',
    message: `${setting.path.join('.')} (${origin}) does not lead to a key of the scenario`,
    place: { file, keyPath: setting.path.join('.') },
    remedy: 'address tables in arrays by name, e.g. organisation.hpc-a.nodes.standard',
  });
}
