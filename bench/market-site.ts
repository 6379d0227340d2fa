/**
 * A site of any size for benchmarks: owners of five kinds in turn, alike but for their names, each
 * with the demand of its like in `scenarios/five-silos.toml`, scaled to its nodes.
 */

export interface SiteSize {
  readonly organisations: number;
  /** Of each of them. */
  readonly nodes: number;
}

/** Kinds in the order in which they are repeated. */
const KINDS = [batch('none', 1.4), batch('attested', 1.3), cloud, testbed, government] as const;

/** The scenario file of such a site, TOML; a round every 15 minutes, slots of an hour. */
export function marketSite({ organisations, nodes }: SiteSize): string {
  const owners = Array.from({ length: organisations }, (_, index) =>
    KINDS[index % KINDS.length]!(`o${String(index + 1).padStart(3, '0')}`, nodes),
  );
  return [
    'name = "market-site"',
    'seed = 1',
    'replications = 1',
    nodeClass('standard', true, 0.2),
    nodeClass('legacy', false, 0.15),
    ...owners,
    '[market]',
    'epochMinutes = 15',
    'horizonSlots = 168',
    'boundSamples = 0',
    'endowmentHours = 672',
    'weeklyIncomeHours = 336',
    '[search]',
    'enabled = false',
    '[[variant]]',
    'name = "market"',
    '',
  ].join('\n');
}

function nodeClass(name: string, tpm: boolean, costPerHour: number): string {
  return `[[nodeClass]]\nname = "${name}"\ntpm = ${tpm}\ncostPerHour = ${costPerHour}\n`;
}

/** A quarter of the nodes has no TPM. */
function mixed(nodes: number): string {
  const legacy = Math.floor(nodes / 4);
  return `nodes = { standard = ${nodes - legacy}, legacy = ${legacy} }`;
}

function batch(securityLevel: string, load: number) {
  return (name: string, nodes: number): string => `[[organisation]]
name = "${name}"
kind = "hpc"
${mixed(nodes)}
securityLevel = "${securityLevel}"
scheduler = "easy"
strategy = "reciprocal"
[organisation.workload]
model = "lublin"
procs = ${Math.max(2, Math.floor(nodes / 2))}
load = ${load}
`;
}

function cloud(name: string, nodes: number): string {
  return `[[organisation]]
name = "${name}"
kind = "cloud"
${mixed(nodes)}
strategy = "reserve-adaptive"
[organisation.valuation]
nodeHour = 2
[organisation.policy]
headRoomShare = 0.1
leaseHours = 8
[organisation.workload]
model = "azure-batches"
`;
}

function testbed(name: string, nodes: number): string {
  return `[[organisation]]
name = "${name}"
kind = "testbed"
${mixed(nodes)}
strategy = "truthful"
[organisation.valuation]
nodeHour = 0.8
urgencyFactor = 3
[organisation.workload]
model = "testbed-surges"
minimumDays = 0.25
maximumDays = 2
`;
}

function government(name: string, nodes: number): string {
  return `[[organisation]]
name = "${name}"
kind = "government"
nodes = { standard = ${nodes} }
securityLevel = "full"
strategy = "truthful"
[organisation.valuation]
nodeHour = 100
[organisation.policy]
tauMinutes = 30
recallNoticeMinutes = 5
[organisation.workload]
model = "hawkes"
injectNodes = ${nodes}
injectDurationHours = 24
durationCapDays = 2
`;
}
