/** Account of the exchange: bonds of commitments that are not revealed yet. */
export const SEALS_ACCOUNT = '/seals';
