/** Every role that `ocx serve` has; one line a role. */
import { OcxError } from '../core/kernel/errors.ts';
import { attestationRole } from './live-attestation.ts';
import { isolationRole } from './live-isolation.ts';
import { marketRole } from './live-market.ts';
import { provisioningRole } from './live-provisioning.ts';
import type { LiveRole } from './live-role.ts';

export const LIVE_ROLES: readonly LiveRole[] = [
  isolationRole,
  provisioningRole,
  attestationRole,
  marketRole,
];

/** @param text names with commas between them, or `all`. @throws INPUT_ROLE */
export function rolesOf(text: string): readonly LiveRole[] {
  if (text === 'all') return LIVE_ROLES;
  const names = new Set(text.split(','));
  const roles = LIVE_ROLES.filter(({ name }) => names.delete(name));
  if (names.size === 0 && roles.length > 0) return roles;
  throw new OcxError({
    code: 'INPUT_ROLE',
    message: `there is no live service ${JSON.stringify([...names].join(','))}`,
    remedy: `use all, or some of ${LIVE_ROLES.map(({ name }) => name).join(',')}`,
  });
}
