/** What documents say about the tree. */
import { posix } from 'node:path';
import type { TextFile, Violation } from './tree.ts';

const LINK = /\]\(([^)\s#]+)(#[^)\s]*)?\)/g;

/**
 * Links of Markdown files to files that are not there.
 *
 * @param exists answers for a path from the project's folder
 */
export function deadLinks(
  files: readonly TextFile[],
  exists: (path: string) => boolean,
): Violation[] {
  return files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, index) =>
        [...line.matchAll(LINK)]
          .map(([, target]) => target!)
          .filter((target) => !/^[a-z]+:/.test(target))
          .filter((target) => !exists(posix.join(posix.dirname(path), target)))
          .map((target) => ({
            path,
            line: index + 1,
            what: `links to ${target}, which is not there`,
          })),
      ),
    );
}
