import test from 'ava';
import { testClaims } from '../market/support/property-tests.ts';

testClaims(test, ['incentiveCompatibility', 'falseNameProofness']);
