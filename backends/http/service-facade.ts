/**
 * What the façade has to know of a service: its calls, the fields of each, who may see what, and how
 * its state is read. One table a service; `service-api.ts` does the same with all of them.
 */
import type { FieldKind as SiteFieldKind } from '../../core/allocator/fields.ts';
import type { FieldKind as CommandFieldKind } from '../../core/kernel/command-shape.ts';
import type { Refusal } from '../../core/kernel/errors.ts';
import type { Principal } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';

/** Every kind of field that a service of the core checks. */
export type ApiFieldKind = SiteFieldKind | CommandFieldKind;

export type ApiFields = Readonly<Record<string, ApiFieldKind>>;

export interface CommandRoute<Kind extends string = string> {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly command: Kind;
  /** 202: it is done when devices have done it; what is returned can be polled. */
  readonly status: 200 | 201 | 202;
  /** Field that names what is made by it. */
  readonly creates?: string;
  /** The one field that is the whole body, and not a member of it. */
  readonly wholeBody?: string;
  /** Where its objects are not bigger than elsewhere, absent. */
  readonly bodyBytesMaximum?: number;
}

export interface QueryRoute<Kind extends string = string> {
  readonly path: string;
  readonly query: Kind;
}

/** A question; the fields beside these two are the query's own. */
export interface ServiceQuery {
  readonly kind: string;
  readonly from: Principal;
}

/** A number for a monitor; nothing in it names a party. */
export interface Gauge {
  readonly name: string;
  /** `state="free"`, or nothing. */
  readonly labels: string;
  readonly value: number;
}

/** @throws what the caller is told */
export type Admission = (
  route: CommandRoute,
  from: Principal,
  fields: Readonly<Record<string, unknown>>,
) => Promise<void>;

export interface ServiceFacade<State> {
  /** As in the title of its documents. */
  readonly name: string;
  readonly commands: readonly CommandRoute[];
  readonly commandFields: Readonly<Record<string, ApiFields>>;
  readonly queries: readonly QueryRoute[];
  readonly queryFields: Readonly<Record<string, ApiFields>>;
  /** Queries that only an administrator may make; others are told so. */
  readonly administratorQueries: ReadonlySet<string>;
  /** Field of a command → the query that shows whether the caller may see what it names. */
  readonly visibleBy: ReadonlyMap<string, readonly [query: string, field: string]>;
  /**
   * Path below /v1 where what a command made, or what it set going, can be looked at; null where it
   * cannot.
   *
   * @param fields of the command, and of its whole body
   */
  location(
    route: CommandRoute,
    fields: Readonly<Record<string, unknown>>,
    result: object,
  ): string | null;
  /** Says no to a command before the service sees it; absent: the service alone decides. */
  readonly admit?: Admission;
  /** A fresh plain value, or a refusal. */
  view(state: State, nowMs: TimeMs, query: ServiceQuery): Refusal | object;
  gauges(state: State): readonly Gauge[];
}

/** One line of a table of commands: `change(201, 'POST /nodes', 'NodeRegister', { … })`. */
export function change<Kind extends string>(
  status: CommandRoute['status'],
  call: string,
  command: Kind,
  more: Pick<CommandRoute, 'creates' | 'wholeBody' | 'bodyBytesMaximum'> = {},
): CommandRoute<Kind> {
  const [method, path] = call.split(' ') as [CommandRoute['method'], string];
  return { method, path, command, status, ...more };
}

/** Names of the parameters of a path. */
export function parametersOf(path: string): string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
}

/** `/leases/a%2F1` from parts that may hold anything. */
export function pathOf(...parts: readonly unknown[]): string {
  return parts.map((part) => `/${encodeURIComponent(String(part))}`).join('');
}
