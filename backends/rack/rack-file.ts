/** `rack.json`: all about a rack that is up, for `ocx rack status` and for whoever uses it. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import type { HardwareProfile, ProfileReference, ReferenceValues } from '../tpm/references.ts';
import type { Accelerator, NodePlan, RackPlan } from './plan.ts';

export const RACK_FORMAT = 'ocx-rack/1';
const FILE = 'rack.json';

export interface RackNode extends NodePlan {
  readonly bmcUser: string;
  readonly bmcPassword: string;
  /** Unix socket of the serial console; null for a light node. */
  readonly console: string | null;
  /** Of its TPM, as the attestation service's registry has it. */
  readonly endorsementKeyHash: string;
  /** Its own reference values. */
  readonly pcrs: ReferenceValues;
  /** What PCR 0 depends on. */
  readonly hardware: HardwareProfile;
}

export interface Rack extends Omit<RackPlan, 'nodes'> {
  readonly format: typeof RACK_FORMAT;
  readonly accelerator: Accelerator;
  /** Unix socket of the switch's database. */
  readonly switchDatabase: string;
  readonly bridge: string;
  readonly bootImage: string;
  /** PEM: the authority that has signed the TPMs' certificates, and its own. */
  readonly tpmIssuer: string;
  readonly tpmRoot: string;
  /** What nodes of each kind measure where nobody has touched them. */
  readonly references: readonly ProfileReference[];
  readonly nodes: readonly RackNode[];
}

export function rackFile(folder: string): string {
  return join(folder, FILE);
}

/** It holds passwords: nobody else may read it. */
export function writeRack(rack: Rack): void {
  const path = rackFile(rack.folder);
  writeFileSync(`${path}.part`, `${JSON.stringify(rack, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

/** Null where there is none. @throws INPUT_RACK_FILE */
export function readRack(folder: string): Rack | null {
  const path = rackFile(folder);
  if (!existsSync(path)) return null;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw badFile(path, error);
  }
  const { format } = Object(value) as Partial<Rack>;
  if (format !== RACK_FORMAT) throw badFile(path);
  return value as Rack;
}

function badFile(path: string, cause?: unknown): OcxError {
  return new OcxError(
    {
      code: 'INPUT_RACK_FILE',
      message: 'this describes no rack of this version',
      place: { file: path },
      remedy: 'take the rack down with ocx rack down, which does not need the file',
    },
    { cause },
  );
}
