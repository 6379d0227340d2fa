/** `manifest.json`: everything needed to make the same results again. */
import type { DemandSource } from '../demand/demand.ts';

export interface Manifest {
  readonly schema: 'ocx-manifest/1';
  readonly ocxVersion: string;
  readonly nodeVersion: string;
  /** Commit of the sources, or null outside a checkout. */
  readonly gitCommit: string | null;
  /** The exact command that reproduces the run. */
  readonly command: string;
  readonly scenarioFile: string;
  /** SHA-256 of the resolved scenario's canonical JSON. */
  readonly scenarioHash: string;
  readonly scenario: unknown;
  readonly inputs: readonly (DemandSource & { readonly organisation: string })[];
  readonly seed: number;
  readonly replications: number;
  /** ISO 8601 UTC. */
  readonly startedAt: string;
  readonly durationSeconds: number;
  readonly host: { readonly platform: string; readonly cpus: number; readonly workers: number };
}
