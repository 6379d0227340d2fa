/**
 * The answers to the prospectus' four questions (its section 4.2.1) in plain words. A loss and
 * "cannot be told" are said as plainly as a gain, and no verdict goes beyond its interval.
 */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { Estimate, MaybeEstimate } from '../../core/metrics/estimate.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import { describeEstimate } from '../text/number.ts';
import type { NumberStyle } from '../text/number.ts';
import { oneLine } from '../text/printable.ts';
import { mainVariant } from './records.ts';
import { verdictOf } from './verdict.ts';
import type { Verdict } from './verdict.ts';

export interface Finding {
  /** Name of the question, e.g. `Hardware`. */
  readonly question: string;
  /** For the title of a figure: a sentence without a full stop. */
  readonly short: string;
  /** Whole sentences that go on from it. */
  readonly detail: string;
  readonly verdict: Verdict;
}

/** The four answers in one sentence. */
export function headlineSentence(metrics: Metrics): string {
  const clauses = headline(metrics).map(({ short }, index) =>
    index === 0 ? short : `${short.charAt(0).toLowerCase()}${short.slice(1)}`,
  );
  return `${clauses.join('; ')}.`;
}

/** The four answers, in the order of the questions. */
export function headline(metrics: Metrics): readonly Finding[] {
  return [
    hardwareFinding(metrics),
    demandFinding(metrics),
    provisioningFinding(metrics),
    securityFinding(metrics),
  ];
}

export function hardwareFinding(metrics: Metrics): Finding {
  const question = 'Hardware';
  const result = metrics.hardwareReduction;
  if (!result) return unmeasured(question, 'this run did not search for the hardware needed');
  const { saving } = result;
  if (!isEstimate(saving)) return unmeasured(question, oneLine(saving.reason));
  const verdict = verdictOf(saving);
  const figure = describeEstimate(saving, 'share');
  const short = {
    positive: `Trading needs ${figure} less hardware for the same demand`,
    negative: `Trading needs ${describeEstimate(negated(saving), 'share')} more hardware, not less`,
    zero: 'Trading saves no hardware in any replication',
    unclear: `A saving of hardware cannot be told from zero: ${figure}`,
    single: `In the one replication trading saves ${figure} of hardware`,
    missing: '',
  }[verdict];
  const from = describeEstimate(result.requiredStaticNodes, 'nodes');
  const to = describeEstimate(result.requiredMarketNodes, 'nodes');
  const bound = describeEstimate(result.intervalBound, 'nodes');
  const captured = isEstimate(result.captured)
    ? `, and of the saving down to there ${describeEstimate(result.captured, 'share')} is captured`
    : '';
  const detail =
    `To meet the demand of today, the organisations need ${from} in sum when each is alone, and ` +
    `${to} when they trade. No scheduler could do the same work with less than ${bound}${captured}.`;
  return { question, short, detail, verdict };
}

export function demandFinding(metrics: Metrics): Finding {
  const question = 'Extra demand';
  const { nodeHours, shareOfMissed, variant } = metrics.extraDemandMet;
  if (!mainVariant(metrics)) {
    return unmeasured(question, 'this run has no variant besides static partition');
  }
  const verdict = verdictOf(nodeHours);
  const hours = describeEstimate(nodeHours, 'node-hours');
  const share = isEstimate(shareOfMissed)
    ? `${describeEstimate(shareOfMissed, 'share')} of the demand that static partition misses`
    : '';
  const short = {
    positive: `With the same nodes, the market meets ${share || `${hours} more`}`,
    negative: `With the same nodes, the market meets ${describeEstimate(negated(nodeHours), 'node-hours')} less`,
    zero: 'The market meets exactly what static partition meets',
    unclear: `Extra demand met cannot be told from zero: ${hours}`,
    single: `In the one replication the market meets ${hours} beyond static partition`,
    missing: '',
  }[verdict];
  const optimum = describeEstimate(metrics.extraDemandMet.optimumNodeHours, 'node-hours');
  const unavailable = isEstimate(shareOfMissed)
    ? ''
    : ` As a share of what static partition misses it is not available (${oneLine(shareOfMissed.reason)}).`;
  const detail =
    `Beyond static partition “${oneLine(variant)}” meets ${hours}; with full information an optimum ` +
    `could have added at most ${optimum}.${unavailable}`;
  return { question, short, detail, verdict };
}

export function provisioningFinding(metrics: Metrics): Finding {
  const question = 'Provisioning';
  const effect = metrics.provisioningEffect;
  if (!effect) return unmeasured(question, 'this run does not compare ways of provisioning');
  const bmi = describeEstimate(effect.bmi, 'node-hours');
  const foreman = describeEstimate(effect.foreman, 'node-hours');
  const verdict = verdictOf(effect.difference);
  const short = {
    positive: `Diskless provisioning lets the market meet more: ${bmi} extra, diskful ${foreman}`,
    negative: `Diskful provisioning lets the market meet more: ${foreman} extra, diskless ${bmi}`,
    zero: `Diskless and diskful provisioning let the market meet the same: ${bmi} extra`,
    unclear: `Between diskless and diskful provisioning no difference is shown: ${bmi} and ${foreman} extra`,
    single: `In the one replication the market meets ${bmi} extra with diskless provisioning, ${foreman} with diskful`,
    missing: '',
  }[verdict];
  const detail =
    differenceSentence('diskless − diskful', effect.difference) +
    breakEvenSentence(effect.breakEvenLeaseSeconds);
  return { question, short, detail, verdict };
}

/** Two figures on the same draws differ as their paired difference does, not as their intervals. */
function differenceSentence(what: string, difference: Estimate): string {
  const figure = describeEstimate(difference, 'node-hours', { signed: true });
  const doubt = {
    unclear: ', which cannot be told from zero',
    single: '; one replication has no interval, so the two cannot be compared',
  };
  const verdict = verdictOf(difference);
  const rest = verdict === 'unclear' || verdict === 'single' ? doubt[verdict] : '';
  return `On the same draws ${what} is ${figure}${rest}. `;
}

function breakEvenSentence(breakEven: { bmi: MaybeEstimate; foreman: MaybeEstimate }): string {
  const { bmi, foreman } = breakEven;
  const describe = (figure: MaybeEstimate) => describeEstimate(figure, 'seconds');
  return (
    `The shortest lease worth taking: ${describe(bmi)} with diskless provisioning, ` +
    `${describe(foreman)} with diskful.`
  );
}

export function securityFinding(metrics: Metrics): Finding {
  const question = 'Security';
  const result = metrics.security;
  if (!result) return unmeasured(question, 'this run does not look at security');
  const { sensitive } = result;
  const market = describeEstimate(sensitive.market, 'node-hours');
  const alone = describeEstimate(sensitive.static, 'node-hours');
  const verdict = verdictOf(sensitive.difference);
  const short = {
    positive: `Security-sensitive organisations meet more with trading: ${market} against ${alone}`,
    negative: `Security-sensitive organisations meet less with trading: ${market} against ${alone}`,
    zero: `Security-sensitive organisations meet the same with trading: ${market}`,
    unclear: `For security-sensitive organisations trading shows no clear difference: ${market} against ${alone}`,
    single: `In the one replication security-sensitive organisations meet ${market} with trading, ${alone} alone`,
    missing: '',
  }[verdict];
  const slow = isEstimate(sensitive.slowProvisioning)
    ? `With slow provisioning they would meet ${describeEstimate(sensitive.slowProvisioning, 'node-hours')}. `
    : '';
  const cost = isEstimate(result.costToOthers)
    ? ` Attestation costs the other organisations ${describeEstimate(result.costToOthers, 'node-hours')}${doubtOf(result.costToOthers)}.`
    : '';
  const detail =
    differenceSentence('market − static partition', sensitive.difference) +
    `${slow}${premiumSentence(result.premium)}${cost}`;
  return { question, short, detail, verdict };
}

/** How much more, where a figure says how much less. */
function negated({ mean, ci95, n }: Estimate): Estimate {
  return { mean: -mean, ci95: [-ci95[1], -ci95[0]], n };
}

function doubtOf(figure: MaybeEstimate): string {
  return verdictOf(figure) === 'unclear' ? ', which cannot be told from zero' : '';
}

/** What buyers pay for a node that can be attested. */
export function premiumSentence(premium: Readonly<Record<string, MaybeEstimate>>): string {
  const figures = Object.entries(premium);
  const known = figures.filter((entry): entry is [string, Estimate] => isEstimate(entry[1]));
  if (known.length === 0) {
    const reason = figures.map(([, figure]) => figure).find((figure) => !isEstimate(figure));
    const why = reason && !isEstimate(reason) ? ` (${oneLine(reason.reason)})` : '';
    return `A premium for nodes that can be attested is not available${why}.`;
  }
  const style: NumberStyle = { signed: true };
  const parts = known.map(([name, figure]) => {
    const price = describeEstimate(figure, 'credits per node-hour', style);
    return `${price} (${oneLine(name)})${doubtOf(figure)}`;
  });
  return `The premium of nodes that can be attested is ${parts.join('; ')}.`;
}

function unmeasured(question: string, reason: string): Finding {
  const short = `${question} was not measured`;
  return { question, short, detail: `Not measured: ${reason}.`, verdict: 'missing' };
}
