/**
 * How a thing with state lets a snapshot carry that state: one method that names it, used both to
 * save and to restore, so that nothing can be saved and forgotten when it is restored.
 *
 * What is wired together by constructors (ports, configuration, references to parts) is not carried:
 * whoever restores builds the same things anew and then fills them.
 */

/** Takes values in on saving, and gives them out again on restoring. */
export interface Carrier {
  /** True where a snapshot is being put back, false where one is being made. */
  readonly restores: boolean;
  /**
   * On saving notes a copy and gives back what it was given; on restoring gives back a copy of its
   * own of what was noted under the name. Plain data alone, Maps, Sets and typed arrays included.
   *
   * @throws OcxError INVARIANT_VIOLATED for what cannot be carried, as a function
   */
  value<Value>(name: string, current: Value): Value;
  /** The same for what others hold on to: its contents change, it stays the same object. */
  fill(name: string, container: Container): void;
  fills(containers: Readonly<Record<string, Container>>): void;
  /** A part that names its own state. */
  part(name: string, part: Carried): void;
  parts(parts: Readonly<Record<string, Carried>>): void;
}

/** What can be emptied and filled again. */
export type Container =
  Map<unknown, unknown> | Set<unknown> | unknown[] | Float64Array | Int32Array | Uint8Array;

/** A thing with state of its own. */
export interface Carried {
  /** Names everything that changes while it works. */
  carry(carrier: Carrier): void;
}
