/** Rows of the tables that are too long for `metrics.json`. Times in seconds since the end of the warm-up, negative within it. */

/** One lease of one replication. */
export interface LeaseRow {
  readonly variant: string;
  readonly replication: number;
  readonly leaseId: string;
  readonly owner: string;
  readonly borrower: string;
  readonly nodeClass: string;
  readonly nodes: number;
  readonly startSeconds: number;
  /** When the nodes could be used; null where they never could. */
  readonly readySeconds: number | null;
  readonly endSeconds: number;
  /** Paid for the whole lease, credits. */
  readonly paidCredits: number;
  /** May the owner take the nodes back? */
  readonly recallable: boolean;
  /** How it ended, e.g. `completed`, `recalled`, `defaulted`. */
  readonly outcome: string;
}

/** The price of one class in one round. */
export interface PriceRow {
  readonly variant: string;
  readonly replication: number;
  readonly round: number;
  readonly timeSeconds: number;
  readonly nodeClass: string;
  /** Null where nothing of the class was traded. */
  readonly creditsPerNodeHour: number | null;
}

/** One job of one organisation. */
export interface JobRow {
  readonly jobId: number | string;
  /** Name of the variant and replication, e.g. `exchange-threshold/0`. */
  readonly workloadName: string;
  readonly submissionSeconds: number;
  readonly requestedNodes: number;
  readonly requestedSeconds: number;
  /** Done within its patience. */
  readonly success: boolean;
  /** Null where it never started. */
  readonly startSeconds: number | null;
  /** Null where it never ended. */
  readonly finishSeconds: number | null;
  /** Numbers of the nodes it ran on, in any order; empty where that was not kept. */
  readonly allocatedNodes: readonly number[];
}
