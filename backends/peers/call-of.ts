/** The call of a service's public API that a command is: the table of its façade, read backwards. */
import { invariant } from '../../core/kernel/errors.ts';
import { parametersOf } from '../http/service-facade.ts';
import type { CommandRoute, ServiceFacade } from '../http/service-facade.ts';
import type { Sending } from './server.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Command → method, path and body, among the calls of these services. */
export class CallTable {
  readonly #routes = new Map<string, CommandRoute>();

  constructor(facades: readonly Pick<ServiceFacade<never>, 'commands'>[]) {
    for (const { commands } of facades) {
      for (const route of commands) {
        invariant(!this.#routes.has(route.command), `${route.command} has one call`);
        this.#routes.set(route.command, route);
      }
    }
  }

  callOf(command: { readonly kind: string }): Pick<Sending, 'method' | 'path' | 'body'> {
    const route = this.#routes.get(command.kind);
    invariant(route !== undefined, `${command.kind} has a call`);
    const { kind: _, commandId: _id, ...fields } = command as Fields;
    const parameters = parametersOf(route.path);
    const path = route.path.replaceAll(/:(\w+)/g, (_all, name: string) =>
      encodeURIComponent(String(fields[name])),
    );
    const rest = Object.entries(fields).filter(([name]) => !parameters.includes(name));
    const body = (
      route.wholeBody === undefined ? Object.fromEntries(rest) : fields[route.wholeBody]
    ) as object;
    const hasBody = rest.length > 0;
    return { method: route.method, path: `/v1${path}`, ...(hasBody ? { body } : {}) };
  }
}
