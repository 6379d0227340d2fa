/** The core's services by the name that their journals carry. */
import { siteService } from '../core/offers/service.ts';
import { attesterService } from '../core/attester/attester.ts';
import { OcxError } from '../core/kernel/errors.ts';
import type { Service, ServiceEffect, ServiceEvent } from '../core/kernel/service.ts';
import { orchestratorService } from '../core/leasing/orchestrator.ts';
import { exchangeService } from '../core/market/exchange/exchange.ts';
import { marketService } from '../core/market/service.ts';
import { provisionerService } from '../core/provisioner/provisioner.ts';

/** A service whose configuration, state, events and effects are nobody's business here. */
export type AnyService = Service<unknown, unknown, ServiceEvent, ServiceEffect>;

const SERVICES: ReadonlyMap<string, AnyService> = new Map(
  [
    ...[siteService, attesterService, provisionerService, orchestratorService],
    ...[marketService, exchangeService],
  ].map((service) => [service.name, service as unknown as AnyService]),
);

/** @throws INPUT_JOURNAL_SERVICE where this program has no service of that name */
export function journalledService(name: string, file: string): AnyService {
  const service = SERVICES.get(name);
  if (service) return service;
  throw new OcxError({
    code: 'INPUT_JOURNAL_SERVICE',
    message: `the journal is of a service ${JSON.stringify(name)}, which this program does not have`,
    place: { file, line: 1 },
    remedy: `it has ${[...SERVICES.keys()].join(', ')}`,
  });
}
