/** What `ocx scenario init` writes: small, commented, and valid as it stands. */
export const SCENARIO_TEMPLATE = `# A scenario of ocx: who owns which nodes, what each needs, and how they trade.
# Every key: ocx scenario schema.   Validate: ocx scenario check FILE.   Run: ocx compare FILE.
schema = "ocx-scenario/1"
name = "two-owners"
title = "A batch cluster and a cloud that lend each other nodes"
seed = 1
replications = 5
horizonDays = 21
warmUpDays = 7

[[nodeClass]]
name = "standard"
cores = 32
memoryGiB = 256

[[organisation]]
name = "hpc-a"
kind = "hpc"
nodes = { standard = 64 }
scheduler = "easy"

# A trace of your own instead: { trace = "my-log.swf.gz", format = "swf", coresPerNode = 32 }
[organisation.workload]
model = "lublin"

[[organisation]]
name = "cloud"
kind = "cloud"
nodes = { standard = 48 }

[organisation.workload]
model = "azure-batches"

[market]
mechanism = "exchange-threshold"
epochMinutes = 60

# The variant \`static\`, in which nobody trades, is always there as the reference.
[[variant]]
name = "market"

[[variant]]
name = "first-come"
set = { "market.mechanism" = "fcfs-pool" }

# A threshold that turns into exit code 1 when it is missed:
# [gates]
# minimumExtraNodeHours = 100
`;
