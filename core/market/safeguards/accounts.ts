/** Accounts of the exchange that safeguards use. */

/** Deposits of names, and warranty bonds. */
export const BONDS_ACCOUNT = '/bonds';
