/**
 * Runs single seeds of the fault simulation and prints what was violated:
 *
 *     npm exec -- node test/fault/seed.ts 42             one seed
 *     npm exec -- node test/fault/seed.ts 1..500         many
 *     npm exec -- node test/fault/seed.ts 42 no-fencing  with a planted bug
 *     npm exec -- node test/fault/seed.ts 42 none a1     with everything that node a1 went through
 */
import { runFaultSeed } from '../../sim/fault/fault-seed.ts';
import { MUTANTS } from '../../sim/fault/mutants.ts';

const [range = '1', mutantName = 'none', tracedNode] = process.argv.slice(2);
const [from, to = from] = range.split('..').map(Number);
const mutant = MUTANTS.find((name) => name === mutantName) ?? null;
let failing = 0;
for (let seed = from!; seed <= to!; seed++) {
  const result = runFaultSeed(seed, {
    mutant,
    ...(tracedNode === undefined ? {} : { trace: printLine }),
  });
  const { violations, events, faults, digest } = result;
  if (from === to || violations.length > 0) {
    console.log(`seed ${seed}: ${events} events, ${faults} faults, digest ${digest}`);
  }
  for (const { invariant, timeMs, detail } of violations) {
    console.log(`  ${timeMs} ms: ${invariant}: ${detail}`);
  }
  if (violations.length > 0) failing += 1;
}
console.log(`${failing} of ${to! - from! + 1} seeds violate an invariant`);
process.exitCode = failing > 0 ? 1 : 0;

function printLine(line: string, nodeId: string | null): void {
  if (nodeId === null || nodeId === tracedNode) console.log(line);
}
