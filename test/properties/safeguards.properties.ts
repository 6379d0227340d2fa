import test from 'ava';
import { testSafeguardedClaims } from '../market/support/property-tests.ts';

testSafeguardedClaims(test);
