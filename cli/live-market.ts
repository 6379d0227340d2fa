/** The market as a role of `ocx serve`; what serves it is only loaded where it is served. */
import type { LiveRole } from './live-role.ts';
import { MARKET_KEYS } from './market-table.ts';

export const marketRole: LiveRole = {
  name: 'market',
  keys: MARKET_KEYS,
  needs: ['market'],
  serve: async (request) => (await import('./live-market-service.ts')).serveMarket(request),
};
