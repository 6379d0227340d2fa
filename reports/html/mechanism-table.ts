/** The table mechanism × property, claimed against measured on random markets. */
import type { MeasuredClaim, MeasuredMechanism } from '../../core/metrics/mechanism-properties.ts';
import { nameOfProperty } from '../findings/properties.ts';
import { formatNumber } from '../text/number.ts';
import { markup } from './markup.ts';
import type { Child, Markup } from './markup.ts';
import { renderTable } from './table.ts';

export function mechanismTable(mechanisms: readonly MeasuredMechanism[]): Markup | null {
  const [first] = mechanisms;
  if (!first) return null;
  const properties = first.claims.map(({ property }) => property);
  const refuted = refutedClaims(mechanisms);
  return markup`<p>
      What each mechanism claims, then in how many random markets it failed, of those that could
      tell, of the kind for which it is claimed. What is not claimed was measured as well; for
      efficiency and incentives with the share of welfare that was lost, or gained by lying.
      ${refuted === 0 ? 'No claim was refuted.' : `${refuted} claims were refuted.`}
    </p>
    ${renderTable({
      caption: 'Mechanism × property, claimed against measured',
      columns: ['Mechanism', ...properties.map(nameOfProperty)],
      rows: mechanisms.map(({ mechanism, claims }) => [
        mechanism,
        ...properties.map((property) => cellOf(claims.find((one) => one.property === property))),
      ]),
    })}`;
}

/** Claims that random markets have refuted. */
function refutedClaims(mechanisms: readonly MeasuredMechanism[]): number {
  return mechanisms.flatMap(({ claims }) => claims).filter(isRefuted).length;
}

function isRefuted({ isClaimed, violations }: MeasuredClaim): boolean {
  return isClaimed && violations > 0;
}

/** Of these the share of welfare says more than a count. */
const WITH_SHARE: ReadonlySet<string> = new Set(['efficiency', 'incentiveCompatibility']);

function cellOf(claim: MeasuredClaim | undefined): Child {
  if (claim === undefined) return '–';
  const { isClaimed, claimed, markets, violations } = claim;
  const word = isClaimed ? wordOf(claimed) : 'not claimed';
  const measured = markets === 0 ? 'no market could tell' : `fails in ${violations} of ${markets}`;
  const isShare = WITH_SHARE.has(claim.property) && violations > 0;
  const missed = isShare && claim.missedShare !== null ? `, ${shareOf(claim.missedShare)}` : '';
  const text = `${word}: ${measured}${missed}`;
  return isRefuted(claim) ? markup`<span class="bad">${text}</span>` : text;
}

function wordOf(claimed: string): string {
  if (claimed === 'true') return 'yes';
  return claimed.replaceAll('-', ' ');
}

function shareOf(share: number): string {
  return `${formatNumber(share * 100, share < 0.1 ? 1 : 0)}\u00a0%`;
}
