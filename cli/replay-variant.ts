/** Options of `ocx replay` that reconcile schedulers with those of other simulators. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { DEFAULT_PRIORITY } from '../sim/clusters/batch/replay-fair-share.ts';
import type { PrioritySettings } from '../sim/clusters/batch/replay-fair-share.ts';
import type { EasyVariant } from '../sim/clusters/batch/replay-variant.ts';

/** As commander hands them over. */
export interface VariantOptions {
  readonly pass?: EasyVariant['pass'];
  readonly elapsed?: EasyVariant['elapsed'];
  /** False with `--no-extra`. */
  readonly extra: boolean;
  readonly priority?: Partial<PrioritySettings>;
}

export function withVariantOptions(command: Command): Command {
  return command
    .option(
      '--pass <when>',
      'when the scheduler looks: after each event, once an instant, or every so many seconds (easy, easy-sjbf, easy++, maui)',
      passOf,
    )
    .addOption(
      new Option(
        '--elapsed <how>',
        'processors whose estimated end is now, before their job was seen to end',
      ).choices(['free', 'busy']),
    )
    .option('--no-extra', 'jobs may not start on processors that the reservation leaves over')
    .option(
      '--priority <key=value>',
      `for maui: ${Object.keys(DEFAULT_PRIORITY).join(', ')}; several times`,
      (text: string, before: Partial<PrioritySettings> | undefined) => ({
        ...before,
        ...priorityOf(text),
      }),
    );
}

/** What of the options is for the replay. */
export function variantOf({ pass, elapsed, extra, priority }: VariantOptions): {
  readonly variant: Partial<EasyVariant>;
  readonly priority: Partial<PrioritySettings>;
} {
  const variant = {
    ...(pass === undefined ? {} : { pass }),
    ...(elapsed === undefined ? {} : { elapsed }),
    extra,
  };
  return { variant, priority: priority ?? {} };
}

function passOf(text: string): EasyVariant['pass'] {
  if (text === 'event' || text === 'instant') return text;
  const seconds = Number(text);
  if (text.trim() !== '' && Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new InvalidArgumentError('give event, instant or seconds above 0');
}

function priorityOf(text: string): Partial<PrioritySettings> {
  const [key = '', value = '', ...rest] = text.split('=');
  const isNumber = value.trim() !== '' && Number.isFinite(Number(value)) && rest.length === 0;
  if (!Object.hasOwn(DEFAULT_PRIORITY, key) || !isNumber) {
    throw new InvalidArgumentError(
      `write it as key=number; keys are ${Object.keys(DEFAULT_PRIORITY).join(', ')}`,
    );
  }
  return { [key]: Number(value) };
}
