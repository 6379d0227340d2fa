/** The best welfare of a tiny round by trying everything; written apart from the search. */
export { bestWelfare as bruteForceWelfare } from '../../../core/market/properties/best-welfare.ts';
