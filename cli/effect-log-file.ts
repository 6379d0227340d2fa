/** Logs of effects as files: JSON lines, the last of which may be cut off by a crash. */
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { openEffectLog, type EffectLogFile } from '../backends/runner/effect-log.ts';
import type { EffectLogLine } from '../core/kernel/effect-log.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { readInputText } from './files.ts';

/**
 * `FOLDER/NAME.effects.jsonl`, gone on with by every process of the service.
 *
 * @param folder relative to the configuration; undefined: nobody wants to know
 * @param file of the configuration
 */
export function effectLogIn(
  folder: string | undefined,
  file: string,
  name: string,
): EffectLogFile | null {
  if (folder === undefined) return null;
  const path = resolve(dirname(file), folder);
  mkdirSync(path, { recursive: true });
  return openEffectLog(join(path, `${name}.effects.jsonl`));
}

const KINDS: ReadonlySet<string> = new Set(['started', 'begun', 'ended', 'stopped']);

/** @throws INPUT_FILE_…, INPUT_EFFECT_LOG */
export function readEffectLog(path: string): EffectLogLine[] {
  const lines = readInputText(path).split('\n');
  const isCut = lines.at(-1) !== '';
  const complete = isCut ? lines : lines.slice(0, -1);
  return complete.flatMap((text, index) => {
    const line = parsedLine(text);
    if (line) return [line];
    if (isCut && index === complete.length - 1) return [];
    throw new OcxError({
      code: 'INPUT_EFFECT_LOG',
      message: 'this is no line of a log of effects',
      place: { file: path, line: index + 1 },
      remedy: 'give the file that effectLogs in serve.toml has made',
    });
  });
}

/** Name of the instance that the log is of; null where no process ever began. */
export function instanceOfLog(log: readonly EffectLogLine[]): string | null {
  const first = log.find((line) => line.kind === 'started');
  return first?.instance ?? null;
}

function parsedLine(text: string): EffectLogLine | null {
  try {
    const line = JSON.parse(text) as Partial<EffectLogLine> | null;
    if (typeof line !== 'object' || line === null) return null;
    if (!KINDS.has(line.kind ?? '') || !Number.isSafeInteger(line.timeMs)) return null;
    const { effect, effectId, instance, events } = line as Partial<Record<string, unknown>>;
    const isWhole =
      line.kind === 'stopped' ||
      (line.kind === 'started' && typeof instance === 'string' && Number.isSafeInteger(events)) ||
      (line.kind === 'ended' && typeof effectId === 'string') ||
      typeof (effect as { effectId?: unknown } | undefined)?.effectId === 'string';
    return isWhole ? (line as EffectLogLine) : null;
  } catch {
    return null;
  }
}
