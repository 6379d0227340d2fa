/**
 * The messages that services send each other, by their kinds and fields. A peer may be anybody's:
 * what has not exactly this form is no message.
 */
import { checkFields, type Fields } from '../../core/allocator/fields.ts';
import type { LeaseNotice } from '../../core/allocator/protocol.ts';
import type { AttestationNotice } from '../../core/attester/protocol.ts';
import type { ProvisionNotice } from '../../core/provisioner/protocol.ts';

type Notices = LeaseNotice | AttestationNotice['notice'] | ProvisionNotice['notice'];
type Shapes<Notice extends Notices> = Readonly<Record<Notice['kind'], Fields>>;

const LEASE = { leaseId: 'name' } as const;
const NODE = { ...LEASE, nodeId: 'name' } as const;

const LEASE_SHAPES: Shapes<LeaseNotice> = {
  LeaseStarted: LEASE,
  NodeInAirlock: { ...NODE, fencingToken: 'time' },
  NodePowered: { ...NODE, bootCount: 'time' },
  NodeInEnclave: NODE,
  LeaseEnding: {
    ...LEASE,
    atMs: 'time',
    reason: ['expiry', 'recall', 'returned', 'cancelled'],
  },
  NodeCutOff: NODE,
  NodeFreed: NODE,
  NodeWithheld: { ...NODE, state: ['rejected', 'quarantined', 'broken'], code: 'name' },
  LeaseEnded: LEASE,
};

/** With who called the lease off or shortened it, which is absent where nobody did. */
const CALLED_OFF: Fields = { ...LEASE_SHAPES.LeaseEnding, by: ['owner', 'lessee', 'site'] };

const VERDICT_SHAPES: Shapes<AttestationNotice['notice']> = {
  AttestationVerdict: {
    ...NODE,
    commandId: 'name',
    bootCount: 'time',
    verdict: ['trusted', 'rejected', 'stale'],
    validUntilMs: 'time',
    code: 'nameOrNull',
    severity: ['none', 'recoverable', 'irrecoverable'],
  },
};

const PROVISION_SHAPES: Shapes<ProvisionNotice['notice']> = {
  NodeProvisioned: { ...NODE, commandId: 'name' },
  ProvisionFailed: { ...NODE, commandId: 'name', code: 'name' },
  NodeDeprovisioned: { ...NODE, parkedDiskId: 'nameOrNull' },
};

/** What the isolation service says about a lease; null where it is nothing of that. */
export function leaseNotice(body: unknown): LeaseNotice | null {
  return noticeOf<LeaseNotice>(LEASE_SHAPES, body);
}

/** What an attester says about a node. */
export function attestationNotice(body: unknown): AttestationNotice['notice'] | null {
  return noticeOf<AttestationNotice['notice']>(VERDICT_SHAPES, body);
}

/** What a provisioner says about a node. */
export function provisionNotice(body: unknown): ProvisionNotice['notice'] | null {
  return noticeOf<ProvisionNotice['notice']>(PROVISION_SHAPES, body);
}

function noticeOf<Notice extends Notices>(shapes: Shapes<Notice>, body: unknown): Notice | null {
  if (typeof body !== 'object' || body === null) return null;
  // The stream says beside each message where it comes from and whom it is for.
  const { kind, seq: _seq, to: _to, ...fields } = body as Readonly<Record<string, unknown>>;
  if (typeof kind !== 'string' || !Object.hasOwn(shapes, kind)) return null;
  const shape = 'by' in fields && kind === 'LeaseEnding' ? CALLED_OFF : null;
  if (checkFields(fields, shape ?? shapes[kind as Notice['kind']]) !== null) return null;
  return { kind, ...fields } as unknown as Notice;
}
