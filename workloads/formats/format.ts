/** What every trace format is to the rest: readable, loadable, inspectable, convertible. */
import type { TObject } from 'typebox';
import type { ClusterKind } from '../../core/agents/view.ts';
import type { InputLabel } from '../../core/demand/demand.ts';
import type { JobTable } from '../../core/demand/jobs.ts';
import type { NodeClass } from '../cloud/node-class.ts';
import type { LoadedDemand, WorkloadContext } from '../context.ts';
import type { ColumnTable } from '../column-table.ts';
import type { SwfDetails } from './swf-columns.ts';
import type { SwfHeaderLines } from './swf-writer.ts';

/** Options of commands that read one trace file. */
export interface TraceOptions {
  /** Processors of the machine, where the file does not say it. */
  readonly procs?: number;
  /** Zone of local times that stand without one. */
  readonly timeZone?: string;
  /** Which column holds what, for formats whose columns have no names of their own. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Node on which an inspection packs machines. */
  readonly pack?: NodeClass;
}

/** A trace as a log in the Standard Workload Format. */
export interface SwfDocument {
  readonly jobs: JobTable;
  readonly details: SwfDetails | null;
  readonly header: SwfHeaderLines;
  readonly dropped: Readonly<Record<string, number>>;
  /** What the trace says and SWF has no place for, in words. */
  readonly notRepresented: readonly string[];
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

/** One format of trace files: recognisable, inspectable, convertible. */
export interface TraceFile {
  readonly name: string;
  /** One line for help texts. */
  readonly title: string;
  /** Whether a file looks like this format, by its name and its first kilobytes as text. */
  recognises(fileName: string, head: string): boolean;
  inspect(path: string, options: TraceOptions): Inspection;
  /** Whether it holds machines, which `inspect` can pack on nodes. */
  readonly packs?: boolean;
  /** The trace in columns, as `ocx trace convert` writes it. */
  columns(path: string, options: TraceOptions): ColumnTable;
  /** The trace as jobs, where it holds jobs. */
  swf?(path: string, options: TraceOptions): SwfDocument;
}

/** A format that can drive a cluster; `table` is the workload table of a scenario that names it. */
export interface TraceFormat extends TraceFile {
  /** Kinds of cluster that it can drive. */
  readonly kinds: readonly ClusterKind[];
  readonly schema: TObject;
  /** @param path of the trace, resolved */
  load(table: never, path: string, context: WorkloadContext): LoadedDemand;
  /** Its jobs as they were, on whole nodes of a cluster of that size; absent: it holds none. */
  jobs?(table: never, path: string, nodes: number): JobTable;
}
