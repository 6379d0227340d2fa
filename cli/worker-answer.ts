/** What crosses the border between the threads: results, and refusals as data. */
import { OcxError } from '../core/kernel/errors.ts';
import type { Refusal } from '../core/kernel/errors.ts';

/** A refusal crosses the thread's border as data, so that it keeps its code and place. */
export type WorkerAnswer<Result> =
  | { readonly result: Result; readonly refusal: null }
  | { readonly result: null; readonly refusal: Refusal };

/** What a worker answers with: refusals as data, bugs as they are. */
export async function answerOf<Result>(
  perform: () => Result | Promise<Result>,
): Promise<WorkerAnswer<Result>> {
  try {
    return { result: await perform(), refusal: null };
  } catch (error) {
    if (!(error instanceof OcxError) || error.code.startsWith('INVARIANT')) throw error;
    const { code, message, place, remedy } = error;
    return {
      result: null,
      refusal: { code, message, ...(place ? { place } : {}), ...(remedy ? { remedy } : {}) },
    };
  }
}
