/** Names of measures as the program writes them, made readable. */
import type { Unit } from './number.ts';

/** `meanWaitSeconds` → `mean wait`; the unit is what `unitOfMeasure` says. */
export function describeMeasure(name: string): string {
  const bare = name.replace(/(Seconds|NodeHours|Credits|Share)$/, (suffix) =>
    suffix === 'Share' ? ' share' : suffix === 'Credits' ? ' credits' : '',
  );
  return bare
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/\b[A-Z]/g, (letter) => letter.toLowerCase())
    .replace(/\bsla\b/g, 'SLA')
    .trim();
}

/** By its last word, as the units rule says. */
export function unitOfMeasure(name: string): Unit {
  if (name.endsWith('Seconds')) return 'seconds';
  if (name.endsWith('Share')) return 'share';
  if (name.endsWith('NodeHours')) return 'node-hours';
  if (name.endsWith('Credits')) return 'credits';
  return name.endsWith('Nodes') ? 'nodes' : 'count';
}
