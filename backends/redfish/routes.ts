/** Every call that needs a credential: method, path below /redfish/v1, and what answers it. */
import type { LeasedBmc } from '../../core/allocator/leased-bmc.ts';
import { failure, found, NOTHING_THERE, tagOf, type Answer } from './answers.ts';
import * as requests from './requests.ts';
import * as resources from './resources.ts';
import type { Sessions } from './sessions.ts';
import { userNameOf } from './credential.ts';
import type { NodeWork } from './work.ts';

/** A call by somebody whose credential is good, for its own node. */
export interface Call extends resources.Shown {
  /** What stands in the path for `:id`. */
  readonly id: string;
  readonly body: Buffer | undefined;
  readonly ifMatch: string | undefined;
  readonly sessions: Sessions;
  readonly work: NodeWork;
}

export interface RedfishRoute {
  readonly method: 'GET' | 'PATCH' | 'POST' | 'DELETE';
  /** `:node` is the caller's own node or there is no such resource. */
  readonly path: string;
  answer(call: Call): Answer | Promise<Answer>;
}

function show(path: string, resource: (call: Call) => object | null): RedfishRoute {
  return {
    ...{ method: 'GET', path },
    answer(call) {
      const body = resource(call);
      return body ? found(body) : NOTHING_THERE;
    },
  };
}

/** Changes a resource; what it was, if the caller says so, is what it must be. */
function change(
  path: string,
  resource: (shown: resources.Shown) => object,
  read: (given: Readonly<Record<string, unknown>>, bmc: LeasedBmc) => object | null,
): RedfishRoute {
  return {
    ...{ method: 'PATCH', path },
    async answer({ work, bmc, hardware, body, ifMatch }) {
      const given = requests.readObject(body);
      // Read at once, so that what is wrong is said even while the node is busy.
      read(given, bmc);
      const decide = (now: LeasedBmc) => {
        const tag = tagOf(resource({ bmc: now, hardware }));
        if (!isMatch(ifMatch, tag)) return changed(tag);
        return (read(given, now) ?? NO_CHANGE) as never;
      };
      return work.perform(bmc, decide, true);
    },
  };
}

const NO_CHANGE: Answer = { status: 204 };

/** `*`, or a list of tags; a weak one fits nothing. */
function isMatch(ifMatch: string | undefined, tag: string): boolean {
  if (ifMatch === undefined || ifMatch.trim() === '*') return true;
  return ifMatch.split(',').some((given) => given.trim() === tag);
}

/** With the tag of now, without which clients cannot try again. */
function changed(tag: string): Answer {
  const message = 'the resource has changed since it was read';
  const answer = failure('PreconditionFailed', 'CONFLICT_CHANGED', message);
  return { ...answer, headers: { ...answer.headers, etag: tag } };
}

function act(
  path: string,
  isAwaited: boolean,
  read: (given: Readonly<Record<string, unknown>>) => (bmc: LeasedBmc) => object,
): RedfishRoute {
  return {
    ...{ method: 'POST', path },
    async answer({ work, bmc, body }) {
      const decide = read(requests.readObject(body));
      decide(bmc);
      return work.perform(bmc, decide as never, isAwaited);
    },
  };
}

const SYSTEM = '/Systems/:node';
const DRIVE = '/Managers/:node/VirtualMedia/Cd';

function drive(
  name: string,
  read: (given: Readonly<Record<string, unknown>>, bmc: LeasedBmc) => object,
): RedfishRoute {
  const path = `${DRIVE}/Actions/VirtualMedia.${name}Media`;
  return act(path, true, (given) => (bmc) => {
    return bmc.hasMedia ? read(given, bmc) : NOTHING_THERE;
  });
}

export const ROUTES: readonly RedfishRoute[] = [
  show('/Systems', resources.systemCollection),
  show(SYSTEM, resources.systemResource),
  change(SYSTEM, resources.systemResource, requests.readBoot),
  act(`${SYSTEM}/Actions/ComputerSystem.Reset`, false, (given) => {
    const type = requests.readReset(given);
    return (bmc) => requests.resetCommand(type, bmc);
  }),
  show(`${SYSTEM}/Processors`, resources.processorCollection),
  show(`${SYSTEM}/Processors/:id`, (call) => resources.processorResource(call, call.id)),
  show(`${SYSTEM}/Memory`, resources.memoryCollection),
  show(`${SYSTEM}/Memory/:id`, (call) => resources.memoryResource(call, call.id)),
  show(`${SYSTEM}/EthernetInterfaces`, resources.interfaceCollection),
  show(`${SYSTEM}/EthernetInterfaces/:id`, (call) => resources.interfaceResource(call, call.id)),
  show(`${SYSTEM}/SecureBoot`, resources.secureBootResource),
  change(`${SYSTEM}/SecureBoot`, resources.secureBootResource, requests.readSecureBoot),

  show('/Managers', resources.managerCollection),
  show('/Managers/:node', resources.managerResource),
  show('/Managers/:node/VirtualMedia', resources.driveCollection),
  show(DRIVE, resources.driveResource),
  drive('Insert', requests.readInsert),
  drive('Eject', requests.readEject),

  show('/SessionService', resources.sessionService),
  show('/SessionService/Sessions', ({ sessions, bmc }) =>
    resources.sessionCollection(sessions.of(bmc)),
  ),
  show('/SessionService/Sessions/:id', ({ sessions, bmc, id }) => {
    return sessions.of(bmc).includes(id) ? resources.sessionResource(id, userNameOf(bmc)) : null;
  }),
  {
    ...{ method: 'DELETE', path: '/SessionService/Sessions/:id' },
    answer: ({ sessions, bmc, id }) => {
      return sessions.end(bmc, id) ? { status: 204 } : NOTHING_THERE;
    },
  },
  {
    ...{ method: 'GET', path: '/TaskService/TaskMonitors/:id' },
    answer: ({ work, bmc, id }) => work.monitor(bmc, id),
  },
];
