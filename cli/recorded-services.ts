/** What the resimulation has to know of each live service besides its reducer. */
import { commandIdOf, withOwnKey } from '../backends/http/calls.ts';
import { attestationFacade } from '../backends/http/attestation-routes.ts';
import { isolationFacade } from '../backends/http/isolation-routes.ts';
import { marketFacade } from '../backends/http/market-routes.ts';
import { NOT_THERE } from '../backends/http/problem.ts';
import { provisioningFacade } from '../backends/http/provisioning-routes.ts';
import type { ServiceFacade } from '../backends/http/service-facade.ts';
import { liveAttestation } from '../backends/runner/attestation.ts';
import { liveIsolation } from '../backends/runner/isolation.ts';
import type { LiveService } from '../backends/runner/live-service.ts';
import type { Via } from '../backends/runner/peer-mail.ts';
import { liveMarket } from '../backends/runner/market.ts';
import { liveOrchestrator } from '../backends/runner/orchestrator.ts';
import { liveProvisioning } from '../backends/runner/provisioning.ts';
import type {
  Command,
  Outcome,
  Principal,
  ServiceEffect,
  ServiceEvent,
} from '../core/kernel/service.ts';
import { mechanisms } from '../core/market/mechanisms/registry.ts';
import type { SolveRound } from '../core/market/protocol.ts';
import { recordClearing } from '../core/market/recorded-clearing.ts';
import { PLAIN_RULES, type EffectRules } from '../sim/resimulation/effect-audit.ts';
import {
  isFencedOrLate,
  isolationDevicesOf,
  isWatching,
  mayHoldUp,
} from '../sim/resimulation/isolation-devices.ts';
import type { Recording } from '../sim/resimulation/recording.ts';
import { receiverAt } from '../sim/resimulation/site-wiring.ts';
import type { ApiRules, WiredInstance } from '../sim/resimulation/site-wiring.ts';
import type { Witness } from '../sim/resimulation/trial.ts';

type AnyLive = LiveService<unknown, unknown, ServiceEvent, ServiceEffect>;
type AnyFacade = Pick<ServiceFacade<unknown>, 'commands' | 'visibleBy' | 'view'>;

interface RecordedService {
  readonly live: AnyLive;
  /** Null: nobody can ask it anything. */
  readonly facade: AnyFacade | null;
  readonly rules: EffectRules;
}

const ISOLATION: RecordedService = {
  live: liveIsolation as unknown as AnyLive,
  facade: isolationFacade as unknown as AnyFacade,
  rules: { isExcused: isFencedOrLate, devicesOf: isolationDevicesOf, mayHoldUp, isWatching },
};

const recorded = (live: unknown, facade: unknown): RecordedService => ({
  live: live as AnyLive,
  facade: facade as AnyFacade | null,
  rules: PLAIN_RULES,
});

/** Signatures stand in no journal. */
const unsigned = () => '';

/** Service, as journals name it → what is known of it. */
const RECORDED: ReadonlyMap<string, RecordedService> = new Map(
  [
    ISOLATION,
    recorded(liveAttestation, attestationFacade),
    recorded(liveProvisioning, provisioningFacade),
    recorded(liveMarket(unsigned), marketFacade(unsigned)),
    recorded(liveOrchestrator, null),
  ].map((found) => [found.live.service.name, found]),
);

/** Null where the service is not run live. */
export function witnessOf(service: string): Omit<Witness, 'log'> | null {
  const recorded = RECORDED.get(service);
  if (!recorded) return null;
  const { live, rules } = recorded;
  return { rules, awaited: (state) => live.awaited(state).map(({ effectId }) => effectId) };
}

/** The public API as every service has it. */
export const API_RULES: ApiRules = {
  commandId: commandIdOf,
  ownKey: (to, commandId) => (withOwnKey(to, { commandId }) as { commandId: string }).commandId,
  told: (service, state, command, refusal) => {
    const facade = RECORDED.get(service)?.facade;
    return facade && !maySee(facade, state, command) ? NOT_THERE : refusal;
  },
  answer: (effect) => (effect.kind === 'SolveRound' ? () => solved(effect as SolveRound) : null),
};

/** Whether the party may know of what its command names. */
function maySee({ commands, visibleBy, view }: AnyFacade, state: unknown, given: Command): boolean {
  const { from, kind, timeMs } = given;
  if (from === undefined || from.role === 'admin') return true;
  const creates = commands.find(({ command }) => command === kind)?.creates;
  const fields = given as unknown as Readonly<Record<string, unknown>>;
  for (const [field, [query, name]] of visibleBy) {
    const value = fields[field];
    if (typeof value !== 'string' || field === creates) continue;
    if ('code' in view(state, timeMs, { kind: query, from, ...{ [name]: value } })) return false;
  }
  return true;
}

/** A round is the same to every solver; prices are not taken from the record. */
function solved({
  mechanism: name,
  round,
  parameters,
  mechanismState,
}: SolveRound): Outcome<unknown> {
  const mechanism = mechanisms.get(name)!;
  const { clearing, state } = mechanism.clear(round, parameters, mechanismState);
  const solverVersion = `${mechanism.name}/${mechanism.version}`;
  return { status: 'ok', value: { clearing: recordClearing(clearing), state, solverVersion } };
}

/** How each recorded instance is known to the others. */
export function wiredInstances(recordings: readonly Recording[]): WiredInstance[] {
  return recordings.map((recording) => {
    const { instance, service } = recording;
    const name = addressOf(recording);
    const principal =
      service.name === 'orchestrator'
        ? tenantOf(recording, name, recordings)
        : ({ role: 'service', name } as const);
    return { instance, service: service.name, principal, address: name };
  });
}

/**
 * An orchestrator asks in the name of its organisation, as the ids of its commands show, and hears what
 * that is told.
 */
function tenantOf(
  orchestrator: Recording,
  name: string,
  recordings: readonly Recording[],
): Principal {
  for (const { events } of recordings) {
    for (const event of events) {
      const { commandId, from } = event as Partial<Command>;
      if (!from || !commandId) continue;
      if (API_RULES.ownKey(from, commandId).startsWith(`${name}/`)) return from;
    }
  }
  for (const event of orchestrator.events) {
    const { via } = event as Partial<Via>;
    const peer = via && recordings.find((recording) => addressOf(recording) === via.peer);
    const to = peer && receiverAt(peer, via.cursor);
    if (to) return to;
  }
  return { role: 'organisation', name };
}

function addressOf({ instance, configuration }: Recording): string {
  return ((configuration ?? {}) as { readonly name?: string }).name ?? instance;
}
