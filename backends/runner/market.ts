/** The market as the runner runs it: rounds by the clock, leases through isolation services. */
import type { ExchangeConfiguration } from '../../core/market/exchange/configuration.ts';
import { deliveryOf } from '../../core/market/exchange/deliveries.ts';
import { exchangeService } from '../../core/market/exchange/exchange.ts';
import type { ExchangeEffect, ExchangeEvent } from '../../core/market/exchange/protocol.ts';
import type { ExchangeState } from '../../core/market/exchange/state.ts';
import type { CommitReceipt } from '../../core/market/sealing/protocol.ts';
import { leaseNotice } from '../peers/notices.ts';
import type { LiveService, OutcomeEffect } from './live-service.ts';
import { PeerMail } from './peer-mail.ts';

export type LiveMarket = LiveService<
  ExchangeConfiguration,
  ExchangeState,
  ExchangeEvent,
  ExchangeEffect
>;

/** @param sign signs receipts; the same receipt always alike */
export function liveMarket(sign: (receipt: CommitReceipt) => string): LiveMarket {
  return {
    service: exchangeService,

    awaited({ solving, headsAwaited }) {
      const effects: (ExchangeEffect & OutcomeEffect)[] = solving ? [solving.effect] : [];
      for (const [effectId, { deadlineMs }] of headsAwaited) {
        effects.push({ kind: 'ReadJournalHead', effectId, deadlineMs });
      }
      return effects;
    },

    message(effect) {
      if (effect.kind !== 'Tell') return null;
      const { to, notice } = effect;
      if (notice.kind !== 'CommitReceipt') return { to, body: notice };
      return { to, body: { ...notice, signature: sign(notice.receipt) } };
    },

    openMail: () =>
      new PeerMail({
        request(effect) {
          if (effect.kind !== 'Request') return null;
          return { peer: effect.service, command: effect.command };
        },

        isAwaited: (state, commandId) => state.requests.has(commandId),

        // Which service may speak of which lease, the exchange knows.
        notice(state, peer, body) {
          const notice = leaseNotice(body);
          if (!notice || !deliveryOf(state, notice.leaseId)) return null;
          return { kind: 'NoticeReceived', service: peer, notice };
        },
      }),
  };
}
