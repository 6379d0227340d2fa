/** A scenario of two owners that is over in a moment. */
export const TINY_SCENARIO = `
name = "tiny"
seed = 3
horizonDays = 2
warmUpDays = 0.5

[[nodeClass]]
name = "standard"

[[organisation]]
name = "hpc-a"
kind = "hpc"
nodes = { standard = 4 }
[organisation.workload]
model = "lublin"
procs = 6
load = 1.6

[[organisation]]
name = "testbed"
kind = "testbed"
nodes = { standard = 3 }
[organisation.workload]
model = "testbed-surges"

[market]
boundSamples = 0

[search]
enabled = false
`;
