/**
 * Names under which the services know each other. Where nodes belong to several providers, each
 * provider runs services of its own; where there are several exchanges, each is a market service
 * of its own. With one of each, the names are plain.
 */
import type { Organisation, Scenario } from '../scenario/schema.ts';

export const ISOLATION = 'isolation';
export const ATTESTER = 'attestation';
export const PROVISIONER = 'provisioning';
export const MARKET = 'market';

/** One provider's services: those of the data centre in which its nodes stand. */
export interface ProviderNames {
  readonly provider: string;
  readonly isolation: string;
  readonly attester: string;
  readonly provisioner: string;
  /** Of the site's switch. */
  readonly rack: string;
}

/** In the order in which the scenario's organisations name them. */
export function providersOf(scenario: Scenario): ProviderNames[] {
  const providers = [...new Set(scenario.organisation.map(({ provider }) => provider))];
  return providers.map((provider) => {
    const nameOf = (service: string) => qualified(service, provider, providers.length);
    return {
      provider,
      isolation: nameOf(ISOLATION),
      attester: nameOf(ATTESTER),
      provisioner: nameOf(PROVISIONER),
      rack: nameOf('rack'),
    };
  });
}

/** An exchange and the organisations that trade on it. */
export interface ExchangeNames {
  /** As the scenario calls it. */
  readonly exchange: string;
  readonly service: string;
  readonly organisations: readonly Organisation[];
}

/** In the order in which the scenario's organisations name them. */
export function exchangesOf(scenario: Scenario): ExchangeNames[] {
  const exchanges = [...new Set(scenario.organisation.flatMap((one) => one.exchanges))];
  return exchanges.map((exchange) => ({
    exchange,
    service: qualified(MARKET, exchange, exchanges.length),
    organisations: scenario.organisation.filter((one) => one.exchanges.includes(exchange)),
  }));
}

function qualified(service: string, of: string, count: number): string {
  return count === 1 ? service : `${service}.${of}`;
}
