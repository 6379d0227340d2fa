/** The charts, in the order of the page. A new chart gets one line here. */
import type { Chart } from './chart.ts';
import { extraDemandChart } from './extra-demand.ts';
import { hardwareChart } from './hardware.ts';
import { leaseLengthChart } from './lease-length.ts';
import { marketOverTimeChart } from './market-over-time.ts';
import { metSharesChart } from './met-shares.ts';
import { organisationGainsChart } from './organisation-gains.ts';
import { organisationsOverTimeChart } from './organisations-over-time.ts';
import { pricesChart } from './prices.ts';
import { provisioningEffectChart } from './provisioning-effect.ts';
import { provisioningTimeChart } from './provisioning-time.ts';
import { savingByCorrelationChart } from './saving-by-correlation.ts';
import { securityPremiumChart } from './security-premium.ts';
import { sharingChart } from './sharing.ts';
import { sensitiveDemandChart } from './sensitive-demand.ts';
import { sensitivityChart } from './sensitivity.ts';
import { tradeMatrixChart } from './trade-matrix.ts';
import { utilisationChart } from './utilisation.ts';
import { welfareChart } from './welfare.ts';

export type SectionName =
  'hardware' | 'demand' | 'time' | 'organisations' | 'provisioning' | 'security' | 'market';

/** Where each chart stands in the page. */
export const CHARTS: readonly { readonly section: SectionName; readonly chart: Chart }[] = [
  { section: 'hardware', chart: hardwareChart },
  { section: 'hardware', chart: savingByCorrelationChart },
  { section: 'demand', chart: extraDemandChart },
  { section: 'demand', chart: utilisationChart },
  { section: 'demand', chart: sensitivityChart },
  { section: 'time', chart: marketOverTimeChart },
  { section: 'time', chart: organisationsOverTimeChart },
  { section: 'time', chart: pricesChart },
  { section: 'organisations', chart: tradeMatrixChart },
  { section: 'organisations', chart: organisationGainsChart },
  { section: 'organisations', chart: metSharesChart },
  { section: 'provisioning', chart: provisioningEffectChart },
  { section: 'provisioning', chart: leaseLengthChart },
  { section: 'provisioning', chart: provisioningTimeChart },
  { section: 'security', chart: securityPremiumChart },
  { section: 'security', chart: sensitiveDemandChart },
  { section: 'market', chart: welfareChart },
  { section: 'market', chart: sharingChart },
];
