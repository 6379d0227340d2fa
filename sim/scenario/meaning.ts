/** What a schema cannot say: names that must exist, and numbers that must fit each other. */
import { OcxError } from '../../core/kernel/errors.ts';
import { constraintsFault } from '../../core/market/constraints/constraint.ts';
import { hasMarketMaker, identitiesOf, MARKET_MAKER } from './aliases.ts';
import { nearestRemedy } from './nearest.ts';
import { DEFAULT_PRIORITY, priorityFault } from '../clusters/batch/replay-fair-share.ts';
import type { Organisation, Scenario } from './schema.ts';

/** Of a whole site: every node is simulated. */
const MAXIMUM_NODES = 1_000_000;

/** @throws OcxError INPUT_SCENARIO_… at the first thing that makes no sense */
export function checkMeaning(
  scenario: Scenario,
  file: string,
  mechanisms: readonly string[],
  strategies: readonly string[],
): void {
  const fail = (code: string, keyPath: string, message: string, remedy: string): never => {
    throw new OcxError({ code, message, place: { file, keyPath }, remedy });
  };
  unique(scenario.nodeClass, 'nodeClass', fail);
  const identities = scenario.organisation
    .flatMap(identitiesOf)
    .map((identity) => ({ name: identity }));
  unique(identities, 'organisation', fail);
  if (hasMarketMaker(scenario)) checkMarketMaker(scenario, fail);
  unique(scenario.variant, 'variant', fail);
  const classes = scenario.nodeClass.map((nodeClass) => nodeClass.name);
  for (const organisation of scenario.organisation) {
    const path = `organisation.${organisation.name}`;
    for (const nodeClass of Object.keys(organisation.nodes)) {
      if (classes.includes(nodeClass)) continue;
      fail(
        'INPUT_SCENARIO_UNKNOWN_CLASS',
        `${path}.nodes.${nodeClass}`,
        `no node class ${JSON.stringify(nodeClass)}`,
        nearestRemedy(nodeClass, classes),
      );
    }
    const nodes = Object.values(organisation.nodes).reduce((sum, count) => sum + count, 0);
    if (nodes === 0) {
      fail(
        'INPUT_SCENARIO_NO_NODES',
        `${path}.nodes`,
        `${organisation.name} owns no nodes`,
        'give it at least one',
      );
    }
    if (constraintsFault(organisation.constraints) !== null) {
      fail(
        'INPUT_SCENARIO_VALUE',
        `${path}.constraints`,
        'one of the constraints is none',
        'give each as [property, operator, value], as in ["memoryGiB", ">=", 256]',
      );
    }
    checkPriorities(organisation, path, fail);
    known(organisation.strategy, strategies, `${path}.strategy`, 'strategy', fail);
  }
  const total = scenario.organisation
    .flatMap(({ nodes }) => Object.values(nodes))
    .reduce((sum, count) => sum + count, 0);
  if (total > MAXIMUM_NODES) {
    fail(
      'INPUT_SCENARIO_VALUE',
      'organisation',
      `all organisations together own ${total} nodes`,
      `a site may have ${MAXIMUM_NODES}`,
    );
  }
  known(scenario.market.mechanism, mechanisms, 'market.mechanism', 'mechanism', fail);
  for (const horizon of ['forward', 'spot', 'options'] as const) {
    const { mechanism } = scenario.market[horizon];
    known(mechanism, mechanisms, `market.${horizon}.mechanism`, 'mechanism', fail);
  }
  if (scenario.warmUpDays >= scenario.horizonDays) {
    fail(
      'INPUT_SCENARIO_VALUE',
      'warmUpDays',
      `the warm-up (${scenario.warmUpDays} d) leaves nothing of ${scenario.horizonDays} d`,
      'make warmUpDays smaller than horizonDays',
    );
  }
}

function checkMarketMaker({ organisation }: Scenario, fail: Fail): void {
  if (organisation.some(({ name }) => name === MARKET_MAKER)) {
    fail(
      'INPUT_SCENARIO_DUPLICATE',
      `organisation.${MARKET_MAKER}`,
      'the market maker of the exchange is called so',
      'give the organisation another name, or set market.safeguards.makerNodeSlots to 0',
    );
  }
  if (new Set(organisation.flatMap(({ exchanges }) => exchanges)).size > 1) {
    fail(
      'INPUT_SCENARIO_VALUE',
      'market.safeguards.makerNodeSlots',
      'a market maker needs the only exchange of a site',
      'set it to 0, or let all organisations trade on one exchange',
    );
  }
}

type Fail = (code: string, keyPath: string, message: string, remedy: string) => never;

function unique(tables: readonly { name: string }[], key: string, fail: Fail): void {
  const seen = new Set<string>();
  for (const { name } of tables) {
    if (seen.has(name)) {
      fail(
        'INPUT_SCENARIO_DUPLICATE',
        `${key}.${name}`,
        `two tables of ${key} are called ${JSON.stringify(name)}`,
        'give each a name of its own',
      );
    }
    seen.add(name);
  }
}

function known(
  word: string,
  words: readonly string[],
  keyPath: string,
  noun: string,
  fail: Fail,
): void {
  if (words.includes(word)) return;
  fail(
    'INPUT_SCENARIO_VALUE',
    keyPath,
    `no ${noun} is called ${JSON.stringify(word)}`,
    nearestRemedy(word, words),
  );
}

/** Weights are for `maui`, which knows only those of `ocx replay --priority`. */
function checkPriorities({ scheduler, priority }: Organisation, path: string, fail: Fail): void {
  if (priority === undefined) return;
  if (scheduler !== 'maui') {
    fail(
      'INPUT_SCENARIO_VALUE',
      `${path}.priority`,
      `${scheduler} knows no priorities`,
      'they are for scheduler = "maui"',
    );
  }
  for (const key of Object.keys(priority)) {
    if (Object.hasOwn(DEFAULT_PRIORITY, key)) continue;
    fail(
      'INPUT_SCENARIO_UNKNOWN_KEY',
      `${path}.priority.${key}`,
      `no weight ${JSON.stringify(key)}`,
      nearestRemedy(key, Object.keys(DEFAULT_PRIORITY)),
    );
  }
  const remedy = priorityFault({ ...DEFAULT_PRIORITY, ...priority });
  if (remedy !== null) {
    fail('INPUT_SCENARIO_VALUE', `${path}.priority`, 'these priorities make no sense', remedy);
  }
}
