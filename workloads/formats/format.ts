/** What every trace format is to the rest: readable, loadable, inspectable, convertible. */
import type { TObject } from 'typebox';
import type { ClusterKind } from '../../core/agents/view.ts';
import type { InputLabel } from '../../core/demand/demand.ts';
import type { LoadedDemand, WorkloadContext } from '../context.ts';
import type { ColumnTable } from '../column-table.ts';

/** Options of commands that read one trace file. */
export interface TraceOptions {
  /** Processors of the machine, where the file does not say it. */
  readonly procs?: number;
}

export interface Fact {
  readonly name: string;
  readonly value: string | number | null;
  /** Unit of a number. */
  readonly unit?: string;
}

/** A small chart for the terminal: one value a bar. */
export interface Sketch {
  readonly title: string;
  readonly unit: string;
  readonly labels: readonly string[];
  readonly values: readonly number[];
}

/** What a trace file holds and what is wrong with it. */
export interface Inspection {
  readonly format: string;
  readonly label: InputLabel;
  readonly records: number;
  readonly facts: readonly Fact[];
  /** Records set aside by reason, and the first of them with their places. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly quarantined: readonly { reason: string; line: number; column: number }[];
  /** Records that are kept but odd, by reason. */
  readonly suspicious: Readonly<Record<string, number>>;
  /** Sentences about the file as a whole. */
  readonly oddities: readonly string[];
  readonly sketches: readonly Sketch[];
}

/** One trace format; `Table` is the workload table of a scenario that names it. */
export interface TraceFormat {
  readonly name: string;
  /** One line for help texts. */
  readonly title: string;
  /** Kinds of cluster that it can drive. */
  readonly kinds: readonly ClusterKind[];
  readonly schema: TObject;
  /** Whether a file looks like this format, by its name and its first kilobytes as text. */
  recognises(fileName: string, head: string): boolean;
  /** @param path of the trace, resolved */
  load(table: never, path: string, context: WorkloadContext): LoadedDemand;
  inspect(path: string, options: TraceOptions): Inspection;
  /** The trace in columns, as `ocx trace convert` writes it. */
  columns(path: string, options: TraceOptions): ColumnTable;
}
