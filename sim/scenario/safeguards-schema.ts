/** The table `[market.safeguards]`: every safeguard of the market, all off as shipped. */
import { Type } from 'typebox';
import type { Static } from 'typebox';

/** 0: off. */
const share = (description: string, value = 0) =>
  Type.Number({ minimum: 0, maximum: 1, default: value, description });

const amount = (description: string, value = 0) =>
  Type.Number({ minimum: 0, maximum: 1e6, default: value, description });

const count = (description: string, value = 0) =>
  Type.Integer({ minimum: 0, maximum: 100_000, default: value, description });

export const SafeguardsSchema = Type.Object(
  {
    priceWindowHours: Type.Number({
      exclusiveMinimum: 0,
      maximum: 8760,
      default: 24,
      description: 'how far back prices count',
    }),
    positionLimitShare: share('of a class, that an organisation other than government may hold'),
    collarShare: share('distance from the median price beyond which nothing trades'),
    haltMoveShare: share('distance from the median price that halts the market'),
    haltRounds: count('rounds that a halt lasts', 5),
    priceFloorShare: share('of the cost of a node-slot, below which nothing sells'),
    idleFeeShare: share('of the cost of a node-slot, for each idle node that is not offered'),
    idleToleranceShare: share('of idle nodes, that need not be offered', 0.1),
    pivotalMarkupShare: amount('most that a pivotal supplier may ask above cost'),
    identityDeposit: amount('credits that a member locks before its first order'),
    reputationDiscountShare: share('of the deposit, that a spotless record saves'),
    orderShare: share('of a class, that one order may be about'),
    minimumLeaseSlots: count('least slots of a bid'),
    switchingCost: amount('credits for moving one node, paid on top of the price'),
    releaseAfterMinutes: amount('a lease that was not begun so long after its start is released'),
    warrantyBondShare: share('of the receipt, that a seller locks for the quality of its nodes'),
    warrantyToleranceShare: share('of performance, that may be missing', 0.05),
    warrantyHours: amount('time after a lease for complaints about its nodes', 24),
    warrantyBarredRounds: count('rounds that a seller of bad nodes is barred for', 168),
    recallPenaltyQuantile: share('of price rises, that the penalty of a recall must cover'),
    jitterShare: share('of an epoch, by which it is lengthened at random; also shuffles ties'),
    cartelScreenRounds: count('awards of a class that are screened for rings'),
    cartelScreenScore: share('from which a ring is flagged', 0.75),
    shillScreenTrades: count('trades that are screened for circles, and bids for mirrors of asks'),
    shillScreenScore: share('from which a circle is flagged', 0.6),
    makerNodeSlots: count('node-slots of a class that the market maker of the exchange may hold'),
    makerSpreadShare: share('distance of the quotes of the market maker from the last price', 0.1),
    makerLeaseSlots: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 8,
      description: 'slots that the market maker buys at a time',
    }),
    makerCredits: amount('money that the market maker begins with', 1000),
    relatedOrganisations: Type.Array(Type.Array(Type.String(), { maxItems: 1000 }), {
      default: [],
      maxItems: 1000,
      description: 'groups of organisations that belong together',
    }),
  },
  { additionalProperties: false, default: {}, description: 'safeguards against crashes; 0: off' },
);

export type Safeguards = Static<typeof SafeguardsSchema>;
