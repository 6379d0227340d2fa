/** Instants as people of any time zone read them alike. */
export function instant(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime())
    ? '–'
    : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
