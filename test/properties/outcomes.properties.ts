import test from 'ava';
import { testClaims } from '../market/support/property-tests.ts';

testClaims(test, ['individualRationality', 'efficiency', 'budgetBalance', 'gangs', 'windows']);
