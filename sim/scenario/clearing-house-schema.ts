/** The table `[market.clearingHouse]`: margins, guarantee fund and waterfall; off as shipped. */
import { Type } from 'typebox';

const amount = (description: string, value: number, most = 1e9) =>
  Type.Number({ minimum: 0, maximum: most, default: value, description });

export const ClearingHouseSchema = Type.Object(
  {
    enabled: Type.Boolean({ default: false, description: 'off: deposits are all there is' }),
    priceWindowHours: amount('how far back prices count for margins', 168, 8760),
    zScore: amount('standard deviations of the price that initial margin covers', 2.33, 100),
    liquidationSlots: amount('slots that replacing a contract may take', 4, 10_000),
    variationMargin: Type.Boolean({
      default: true,
      description: 'deposits follow the price from round to round',
    }),
    replacementShare: amount('a replacement counts up to this much above the price', 0.5, 1000),
    capital: amount('the exchange’s own credits in the waterfall', 0),
    leastShare: amount('least credits of each member in the guarantee fund', 0),
    stressShare: amount('change of prices that the fund bears for two members', 0.5, 1000),
    reviewHours: amount('time between two reviews of the fund', 24, 8760),
  },
  { additionalProperties: false, default: {}, description: 'the clearing house' },
);
