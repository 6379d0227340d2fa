/** The names under which an organisation is a member of the market. */
import type { Organisation } from './schema.ts';

/** Its own name first. */
export function identitiesOf({
  name,
  aliases = 0,
}: Pick<Organisation, 'name' | 'aliases'>): readonly string[] {
  return [name, ...Array.from({ length: aliases }, (_, index) => `${name}.alias-${index + 1}`)];
}
