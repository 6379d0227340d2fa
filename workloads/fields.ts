/** Fields that several workload tables share, and how tables are typed once defaults are in. */
import { Type, type Static, type TSchema } from 'typebox';

/** A table after its defaults were filled in; `Open` names the fields that have none. */
export type Filled<Schema extends TSchema, Open extends string = never> = Required<
  Omit<Static<Schema>, Open>
> &
  Pick<Static<Schema>, Open & keyof Static<Schema>>;

export const tracePath = Type.String({
  minLength: 1,
  maxLength: 4096,
  description: "file, plain, gzip or zstd; relative to the scenario's folder, then to OCX_TRACES",
});

export const traceLabel = Type.Optional(
  Type.Enum(['real', 'derived', 'synthetic'], {
    description: 'what the file is, where that cannot be seen from it',
  }),
);

export const shiftHours = Type.Optional(
  Type.Number({
    default: 0,
    minimum: -100_000,
    maximum: 100_000,
    description: 'moves the demand later, round the end of the horizon, to vary the alignment',
  }),
);

export const resample = Type.Optional(
  Type.Enum(['auto', 'window', 'weeks', 'days'], {
    default: 'auto',
    description:
      'window: as recorded from a random Monday; weeks, days: drawn with repetition; auto: a ' +
      'window where the trace is long enough, weeks where it has ten, else days of the same weekday',
  }),
);

export const startWeekday = (weekday: string, why: string) =>
  Type.Optional(
    Type.Enum(['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'], {
      default: weekday,
      description: `weekday on which the file's time 0 falls; ${why}`,
    }),
  );

/** A number ≥ 0 with a default. */
export function amount(description: string, fallback: number, maximum = 1e9) {
  return Type.Optional(Type.Number({ default: fallback, minimum: 0, maximum, description }));
}

/** A number > 0 with a default. */
export function positive(description: string, fallback: number, maximum = 1e9) {
  return Type.Optional(
    Type.Number({ default: fallback, exclusiveMinimum: 0, maximum, description }),
  );
}

/** A number > 0 that may be left out. */
export function maybePositive(description: string, maximum = 1e9) {
  return Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum, description }));
}

/** A fraction with a default. */
export function share(description: string, fallback: number) {
  return Type.Optional(Type.Number({ default: fallback, minimum: 0, maximum: 1, description }));
}
