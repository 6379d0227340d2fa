/** The services whose commands other services send; one line a service. */
import { attestationFacade } from './attestation-routes.ts';
import { isolationFacade } from './isolation-routes.ts';
import { provisioningFacade } from './provisioning-routes.ts';
import type { ServiceFacade } from './service-facade.ts';

export const FACADES: readonly Pick<ServiceFacade<never>, 'commands'>[] = [
  isolationFacade,
  attestationFacade,
  provisioningFacade,
];
