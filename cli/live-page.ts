/** The page of `ocx serve`: wires what is read of the services to what is drawn of it. */
import { Type } from 'typebox';
import { pageServer } from '../backends/page/page-server.ts';
import { serverOf } from '../backends/peers/server.ts';
import { livePage, liveParts, loginPage } from '../reports/live/live-page.ts';
import { LIVE_STYLE } from '../reports/live/style.ts';
import type { Listening } from './live-role.ts';
import { listen } from './live-service.ts';

/** Beside `listen`: where the services answer that are not served by this process. */
export const PageServersSchema = Type.Object(
  { isolation: Type.Optional(Type.String()), market: Type.Optional(Type.String()) },
  { additionalProperties: false, default: {} },
);

/** @param isolation URL of the service, as `market` @throws INPUT_SERVER */
export async function servePage(
  listening: Listening,
  isolation: string,
  market: string | null,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const app = await pageServer({
    servers: {
      isolation: serverOf(isolation),
      market: market === null ? null : serverOf(market),
    },
    renderer: { page: livePage, parts: liveParts, login: loginPage, style: LIVE_STYLE },
    tls: 'socket' in listening ? null : listening.tls,
  });
  const url = await listen(app, listening);
  return { url, stop: () => app.close() };
}
