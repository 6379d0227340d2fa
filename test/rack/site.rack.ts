/**
 * A whole site on a virtual rack, end to end: real firmware, kernels, TPMs, BMCs, a switch, and all
 * services as processes of their own. In this order; one rack for all of it.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rmSync, writeFileSync } from 'node:fs';
import { buildBootImage, COMMAND_LINE } from '../../backends/boot-image/boot-image.ts';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import anyTest from 'ava';
import type { ExecutionContext, TestFn } from 'ava';
import { findDaemons, isRunning, namespacesOf, waitUntil } from '../../backends/rack/daemon.ts';
import { signalTo } from '../../backends/processes/signal.ts';
import { runIn } from '../../backends/rack/namespace.ts';
import { nodeFolder, rackId } from '../../backends/rack/plan.ts';
import { rackUp } from '../../backends/rack/rack.ts';
import { installPackages, missingPackages } from '../../backends/rack/requirements.ts';
import { rackDown } from '../../backends/rack/teardown.ts';
import { buildTenantImage } from '../../backends/rack/tenant-image.ts';
import { runProgram } from '../../backends/processes/program.ts';
import { runCli } from '../cli/run.ts';
import { runOnConsole } from './support/console.ts';
import { resimulateFolder } from './support/one-program.ts';
import { OPENING_CREDITS, RackSite } from './support/rack-site.ts';
import { Sniffer } from './support/sniffer.ts';
import { onTheWire } from './support/wire.ts';
import { CHANGED_PCRS, restore, tamper, type Part } from './support/tampering.ts';

interface Lab {
  site: RackSite;
  sniffer: Sniffer;
}

interface NodeView {
  readonly state: string;
  readonly trouble: string | null;
  readonly leaseId: string | null;
  readonly evidence: object | null;
  readonly bootCount: number;
}

const inCi = (process.env['CI'] ?? 'false') !== 'false';
const isRoot = process.getuid?.() === 0;
const test = anyTest as TestFn<Lab>;
const rackTest = isRoot || inCi ? test.serial : test.serial.skip;

const BOOT_MS = 240_000;
const SOON_MS = 60_000;
const FOLDER = mkdtempSync(join(tmpdir(), 'r'));
const CACHE = process.env['OCX_RACK_CACHE'] ?? join(homedir(), '.cache', 'ocx');
const MARKET = {
  ...{ everySeconds: 20, slotSeconds: 600, horizonSlots: 4, releaseSeconds: 30, solveSeconds: 20 },
  setupSeconds: { none: 1, attested: 1, full: 1 },
};
const WORK = {
  ...{ nodeClasses: ['machine'], ownClass: 'machine', securityLevel: 'attested' },
  ...{ valuePerNodeHour: 100, costPerNodeHour: 1, patienceHours: 1, offeredHours: 0.5 },
  ...{ bidAheadSeconds: 8, drainAheadSeconds: 5, removeAheadSeconds: 2 },
};
/** Stands in the tenant's system. */
const ON_THE_DISK = 'First process of the rack';
const JOBS = 'id,submitSeconds,runSeconds,requestedSeconds,nodes,status\n';

test.before('a rack with a site on it', async (t) => {
  if (!isRoot && !inCi) return t.log('left out: it needs root');
  t.timeout(20 * 60_000);
  const missing = missingPackages();
  if (missing.length > 0 && inCi) installPackages(missing);
  const rack = await rackUp({
    ...{ folder: FOLDER, cache: CACHE, machines: 3, lightNodes: 2, tenants: 2 },
    ...{ accelerator: 'tcg', beacons: true, tell: (step) => t.log(step) },
  });
  const site = new RackSite(rack);
  await site.start();
  for (const number of [1, 2]) {
    await buildTenantImage(join(site.folder, 'import', `golden-${number}.raw`), `golden-${number}`);
    const image = ['golden', `import/golden-${number}.raw`, '--snapshot', 'v1'];
    await site.ask(`tenant-${number}`, `provisioner-${number}`, 'image', 'import', ...image);
  }
  const sniffer = new Sniffer(rack);
  await sniffer.start();
  t.context = { site, sniffer };
});

test.after.always('nothing stays of it', async (t) => {
  if (!isRoot) return;
  t.timeout(SOON_MS);
  await rackDown(FOLDER);
  rmSync(FOLDER, { recursive: true, force: true });
  t.deepEqual(findDaemons(rackId(FOLDER)), []);
  t.deepEqual(namespacesOf(rackId(FOLDER)), []);
});

interface Ledger {
  readonly contracts: number;
  readonly credits: { readonly balances: Record<string, number>; readonly imbalance: number };
}

const OPENING = OPENING_CREDITS * 1_000;

const nodeOf = ({ site }: Lab, nodeId: string) =>
  site.ask<NodeView>('operator', 'isolation', 'node', 'show', nodeId);

/** Fails at once where the node can get there no more. */
async function untilState(lab: Lab, nodeId: string, state: string, timeoutMs: number) {
  const node = await lab.site.until(
    () => nodeOf(lab, nodeId),
    (view) => [state, 'rejected', 'quarantined', 'broken'].includes(view.state),
    timeoutMs,
  );
  if (node.state !== state) {
    const logs = lab.site.log('attester-1').slice(-2_000) + lab.site.log('airlock').slice(-1_000);
    throw new Error(`${nodeId} is ${node.state}: ${JSON.stringify(node)}\n${logs}`);
  }
  return node;
}

/** Ports of the switch that pass anything. */
async function openPorts({ site }: Lab): Promise<string[]> {
  const { switchDatabase, bridge } = site.rack;
  const list = await runProgram('ovs-vsctl', [
    `--db=unix:${switchDatabase}`,
    ...['list-ports', bridge],
  ]);
  const nodes = new Set(site.rack.nodes.map(({ portId }) => portId));
  return list.split('\n').filter((port) => nodes.has(port));
}

interface Told {
  readonly kind: string;
  readonly leaseId?: string;
  readonly code?: string | null;
  readonly fencingToken?: number;
}

/** The last of that kind that a service has told about the lease. */
function told({ folder }: RackSite, service: string, kind: string, leaseId: string): Told | null {
  const database = new DatabaseSync(join(folder, `${service}.db`), { readOnly: true });
  try {
    const rows = database.prepare('SELECT text FROM message ORDER BY cursor').all();
    const messages = rows.map(({ text }) => JSON.parse(String(text)) as Told);
    return messages.findLast((one) => one.kind === kind && one.leaseId === leaseId) ?? null;
  } finally {
    database.close();
  }
}

/** As the isolation service gave it to the lessee with the node. */
function tokenOf(site: RackSite, leaseId: string): number {
  return told(site, 'isolation', 'NodeInAirlock', leaseId)!.fencingToken!;
}

interface LeaseWish {
  readonly leaseId: string;
  readonly nodeId: string;
  readonly tenant: number;
  readonly level: string;
}

/** A lease by hand: up to the node's quote, which is asked for. */
async function leaseAndAttest(lab: Lab, { leaseId, nodeId, tenant, level }: LeaseWish) {
  const { site } = lab;
  const [lessee, attester] = [`tenant-${tenant}`, `attester-${tenant}`] as const;
  const terms = ['--owner', 'org-a', '--lessee', lessee, '--node', nodeId, '--hours', '1'];
  const trust = ['--security', level, '--attester', attester];
  await site.ask('org-a', 'isolation', 'lease', 'create', leaseId, ...terms, ...trust);
  await untilState(lab, nodeId, 'airlock', SOON_MS);
  if (level === 'full') await site.depositKeyShare(tenant, leaseId, nodeId);
  await site.ask(lessee, 'isolation', 'lease', 'power-on', leaseId, nodeId);
  const { bootCount } = await untilState(lab, nodeId, 'attesting', SOON_MS);
  const path = `/leases/${leaseId}/nodes/${nodeId}/attestation`;
  const asked = { fencingToken: tokenOf(site, leaseId), bootCount, policyId: 'rack' };
  await site.call(lessee, attester, 'POST', path, asked);
  return { path, lessee, attester } as const;
}

/** From a good verdict to the tenant's own system. */
async function joinAndBoot(lab: Lab, { leaseId, nodeId, tenant, level }: LeaseWish) {
  const { site } = lab;
  const [lessee, provisioner] = [`tenant-${tenant}`, `provisioner-${tenant}`] as const;
  const leased = `/leases/${leaseId}/nodes/${nodeId}`;
  const image = { fencingToken: tokenOf(site, leaseId), imageId: 'golden' };
  await site.call(lessee, provisioner, 'POST', `${leased}/preparation`, image);
  await site.until(
    () => site.ask(lessee, 'isolation', 'lease', 'join', leaseId, nodeId).catch(String),
    (answer) => typeof answer !== 'string',
    SOON_MS,
  );
  await untilState(lab, nodeId, 'provisioning', SOON_MS);
  const how = { method: 'diskless', securityLevel: level, fromAttestedFirmware: true };
  await site.call(lessee, provisioner, 'POST', `${leased}/provision`, { ...image, ...how });
  await site.until(
    () => site.call(lessee, provisioner, 'GET', leased) as Promise<{ stage?: string }>,
    ({ stage }) => stage === 'provisioned',
    BOOT_MS,
  );
  await site.ask(lessee, 'isolation', 'lease', 'active', leaseId, nodeId);
}

async function giveBack(t: ExecutionContext<Lab>, lessee: `tenant-${number}`, nodeId: string) {
  const { leaseId } = await nodeOf(t.context, nodeId);
  await t.context.site.ask(lessee, 'isolation', 'lease', 'return', leaseId!);
  const node = await untilState(t.context, nodeId, 'free', SOON_MS);
  t.like(node.evidence, { memoryScrubbed: true, disksErased: true, bmcReset: true });
  t.false((await openPorts(t.context)).includes(nodeId), 'its port is shut');
}

function fetchIn({ site }: Lab, number: number, nodeId: string): Promise<string> {
  const tenant = site.tenant(number);
  const host = site.node(nodeId).number + 1;
  const address = tenant.address.replace(/\.1$/, `.${host}`);
  return runIn(tenant.namespace, ['busybox', 'wget', '-q', '-O', '-', `http://${address}/`]);
}

rackTest('a boot gives the PCRs that follow from the image’s bytes', (t) => {
  const { rack } = t.context.site;
  const manifest = join(rack.folder, 'image', 'boot.json');
  const { pcrs } = JSON.parse(readFileSync(manifest, 'utf8')) as { pcrs: Record<string, string> };
  const known = rack.references[0]!.pcrs;
  for (const pcr of ['4', '9', '11']) t.deepEqual(known[pcr], [pcrs[pcr]!], `PCR ${pcr}`);
});

rackTest('the image is built again to the same bytes', async (t) => {
  t.timeout(BOOT_MS);
  const { rack } = t.context.site;
  const again = join(rack.folder, 'again');
  const cache = join(again, 'cache');
  mkdirSync(cache, { recursive: true });
  // Debian's package is not downloaded twice; all else is made anew.
  for (const name of readdirSync(CACHE)) {
    if (name.endsWith('.deb')) copyFileSync(join(CACHE, name), join(cache, name));
  }
  const { sha256 } = await buildBootImage(again, cache, `${COMMAND_LINE} ocx.beacon`);
  const first = readFileSync(rack.bootImage);
  t.is(sha256, createHash('sha256').update(first).digest('hex'));
});

rackTest(
  'two agents trade; a node goes through its airlock to the borrower and is used',
  async (t) => {
    t.timeout(2 * BOOT_MS);
    const { site } = t.context;
    await site.startMarket(MARKET);
    for (const party of ['org-a', 'tenant-1'] as const) {
      await site.ask(party, 'isolation', 'org', 'delegate', party, 'market', 'leasing');
    }
    const nothing = `${JOBS}1,8000000,1,1,1,1\n`;
    await site.startAgent('org-a', nothing, { work: WORK, file: { nodes: ['n1'] } });
    await site.startAgent('tenant-1', `${JOBS}1,5,500,500,1,1\n`, {
      ...{ work: WORK, file: { nodes: [] } },
      leases: {
        ...{ imageId: 'golden', provisioner: 'provisioner-1' },
        ...{ attester: 'attester-1', policyId: 'rack' },
      },
    });
    const startMs = Date.now();
    await untilState(t.context, 'n1', 'attesting', 2 * SOON_MS);
    const poweredMs = Date.now();
    await untilState(t.context, 'n1', 'provisioning', BOOT_MS);
    const attestedMs = Date.now();
    const frames = await onTheWire(site.rack, 'n1', async () => {
      await untilState(t.context, 'n1', 'active', BOOT_MS);
    });
    t.true(frames.includes(ON_THE_DISK), 'at this level the disk can be read on its way');
    t.log(
      `traded in ${poweredMs - startMs} ms, attested and in its enclave after ` +
        `${attestedMs - poweredMs} ms, the borrower's system after ${Date.now() - attestedMs} ms`,
    );
    t.is(await fetchIn(t.context, 1, 'n1'), 'golden-1\n');
    const secret = 'A-was-here-4711';
    const said = await runOnConsole(
      ...([site, 'tenant-1', 'n1'] as const),
      `echo ${secret} > /var/secret; echo ${secret} > /dev/vda; sync; cat /etc/tenant-image`,
    );
    t.regex(said, /golden-1/);
    const disk = readFileSync(join(nodeFolder(site.rack, 'n1'), 'disk.qcow2'));
    t.true(disk.includes(secret), 'what the tenant wrote is on the local disk');
    const contracts = await site.ask<{ contracts: { state: string }[] }>(
      ...(['tenant-1', 'market', 'market', 'contracts', 'tenant-1'] as const),
    );
    t.is(contracts.contracts[0]?.state, 'running');
  },
);

rackTest(
  'it is given back, sanitized, paid for, and nothing is left for the next one',
  async (t) => {
    t.timeout(BOOT_MS);
    const { site } = t.context;
    for (const name of ['agent-tenant-1', 'agent-org-a']) await site.kill(name);
    await giveBack(t, 'tenant-1', 'n1');
    const disk = readFileSync(join(nodeFolder(site.rack, 'n1'), 'disk.qcow2'));
    t.false(disk.includes('A-was-here-4711'));
    const { credits } = await site.until(
      () => site.call('operator', 'market', 'GET', '/ledger') as Promise<Ledger>,
      ({ contracts }) => contracts === 0,
      SOON_MS,
    );
    const [owner, lessee] = [credits.balances['org-a']!, credits.balances['tenant-1']!];
    t.true(owner > OPENING, `the owner has been paid: ${owner}`);
    t.is(owner - OPENING, OPENING - lessee, 'by the borrower');
    t.is(credits.imbalance, 0);
  },
);

rackTest('level full: the disk is opened with a key that only a good quote releases', async (t) => {
  t.timeout(2 * BOOT_MS);
  const wish = { leaseId: 'full-1', nodeId: 'n2', tenant: 1, level: 'full' };
  const { site } = t.context;
  const { path, lessee, attester } = await leaseAndAttest(t.context, wish);
  await site.until(
    () => site.call(lessee, attester, 'GET', path) as Promise<{ keyShareReleased?: boolean }>,
    ({ keyShareReleased }) => keyShareReleased === true,
    BOOT_MS,
  );
  const frames = await onTheWire(site.rack, 'n2', () => joinAndBoot(t.context, wish));
  t.is(await fetchIn(t.context, 1, 'n2'), 'golden-1\n');
  const said = await runOnConsole(
    ...([site, 'tenant-1', 'n2'] as const),
    'mount | grep " / "; ip address show wg0 | grep inet',
  );
  t.regex(said, /\/dev\/mapper\/root on \/ type ext4/);
  t.regex(said, /inet 10\.103\.1\./);
  t.false(frames.includes(ON_THE_DISK), 'nobody reads the disk on its way');
  await giveBack(t, 'tenant-1', 'n2');
});

for (const part of Object.keys(CHANGED_PCRS) as Part[]) {
  rackTest(`somebody has changed the ${part}: the node is rejected and cut off`, async (t) => {
    t.timeout(2 * BOOT_MS);
    const nodeId = part === 'firmware' ? 'n2' : 'n1';
    const { site } = t.context;
    tamper(site.rack, nodeId, part);
    try {
      const wish = {
        leaseId: `bad-${part.replace(' ', '-')}`,
        nodeId,
        tenant: 2,
        level: 'attested',
      };
      await leaseAndAttest(t.context, wish);
      const node = await site.until(
        () => nodeOf(t.context, nodeId),
        ({ state }) => !['attesting', 'airlock'].includes(state),
        BOOT_MS,
      );
      t.is(node.state, 'rejected', JSON.stringify(node));
      t.false((await openPorts(t.context)).includes(nodeId), 'its port is shut');
      const verdict = told(site, 'attester-2', 'AttestationVerdict', wish.leaseId);
      t.is(verdict?.code, 'ATTEST_PCR_MISMATCH');
    } finally {
      restore(site.rack, nodeId);
    }
    // Not before it is cut off.
    await site.until(
      () => site.call('operator', 'isolation', 'POST', `/nodes/${nodeId}/return`).catch(String),
      (answer) => typeof answer !== 'string',
      SOON_MS,
    );
    await untilState(t.context, nodeId, 'free', SOON_MS);
  });
}

rackTest(
  'a light node is attested by the same agent, with a TPM and a BMC like the others',
  async (t) => {
    const startMs = Date.now();
    const wish = { leaseId: 'light', nodeId: 'l1', tenant: 2, level: 'attested' };
    await leaseAndAttest(t.context, wish);
    await joinAndBoot(t.context, wish);
    t.log(`${Date.now() - startMs} ms from lease to use`);
    await giveBack(t, 'tenant-2', 'l1');
  },
);

rackTest(
  'a port that is changed behind our back is shut again, and its node withheld',
  async (t) => {
    const { site } = t.context;
    const { switchDatabase, bridge } = site.rack;
    const enclave = `tag=${site.tenant(2).networkId}`;
    await runProgram('ovs-vsctl', [
      `--db=unix:${switchDatabase}`,
      'add-port',
      bridge,
      'l2',
      enclave,
    ]);
    const startMs = Date.now();
    const { trouble } = await site.until(
      () => nodeOf(t.context, 'l2'),
      ({ state }) => state === 'quarantined',
      SOON_MS,
    );
    t.is(trouble, 'DEVICE_DRIFT');
    await site.until(
      () => openPorts(t.context),
      (ports) => !ports.includes('l2'),
      SOON_MS,
    );
    t.log(`found and shut after ${Date.now() - startMs} ms`);
  },
);

rackTest('a lease that expires while everything else is dead is taken back', async (t) => {
  t.timeout(2 * BOOT_MS);
  const { site } = t.context;
  const startMs = Date.now();
  await site.call('org-a', 'isolation', 'POST', '/leases', {
    ...{ leaseId: 'last', contractId: null, owner: 'org-a', lessee: 'tenant-1' },
    ...{ nodeIds: ['n3'], startMs, endMs: startMs + 60_000, recallNoticeMs: null },
    ...{ securityLevel: 'attested', attester: 'attester-1' },
  });
  await untilState(t.context, 'n3', 'airlock', SOON_MS);
  await site.ask('tenant-1', 'isolation', 'lease', 'power-on', 'last', 'n3');
  await untilState(t.context, 'n3', 'attesting', SOON_MS);
  for (const name of ['market', 'attester-1', 'attester-2', 'airlock']) {
    if (site.pids.has(name)) await site.kill(name);
  }
  await untilState(t.context, 'n3', 'releasing', 2 * SOON_MS);
  await site.kill('isolation');
  await site.startIsolation();
  const { evidence } = await untilState(t.context, 'n3', 'free', 2 * SOON_MS);
  t.like(evidence, { memoryScrubbed: true });
  t.deepEqual(await openPorts(t.context), []);
});

rackTest('no frame of a machine has reached another machine, live moves included', async (t) => {
  const { sniffer } = t.context;
  await sniffer.stop();
  t.deepEqual(sniffer.foreignFrames(), []);
  const own = sniffer.framesAt('n1').get('n1') ?? 0;
  t.true(own > 1_000, `${own} frames of n1 at its own port`);
  t.true((sniffer.framesAt('tenant1').get('n1') ?? 0) > 100, 'its tenant has heard it');
  t.log(`${own} frames of n1, ${sniffer.framesAt('n2').get('n2') ?? 0} of n2`);
});

rackTest('a planted leak is found', async (t) => {
  const { rack } = t.context.site;
  const leaking = ['set', 'port', 'air-n2', `tag=${t.context.site.node('n1').airlock.networkId}`];
  await runProgram('ovs-vsctl', [`--db=unix:${rack.switchDatabase}`, ...leaking]);
  const sniffer = new Sniffer(rack);
  await sniffer.start();
  // Where the gateway's leg is takes n1's place.
  const { macAddress } = t.context.site.node('n1');
  const link = ['ip', 'link', 'set', 'air-n1', 'address', macAddress];
  await runIn(rack.gatewayNamespace, link);
  const ping = ['busybox', 'ping', '-c', '3', '-W', '1', '-I', 'air-n1', '255.255.255.255'];
  await runIn(rack.gatewayNamespace, ping).catch(() => '');
  await sniffer.stop();
  t.regex(sniffer.foreignFrames().join(), /air-n2: \d+ of n1/);
});

rackTest(
  'the journals give the same again, and so does the simulator from outside alone',
  async (t) => {
    t.timeout(2 * SOON_MS);
    const { site } = t.context;
    // Told to end, so that what serves disks ends with its service.
    for (const pid of [...site.pids.values()].reverse()) {
      if (!isRunning(pid)) continue;
      signalTo(pid, 'SIGTERM');
      t.true(await waitUntil(() => !isRunning(pid), SOON_MS));
    }
    const store = `sqlite:${join(site.folder, 'isolation.db')}#isolation`;
    for (const word of ['verify', 'replay']) {
      const { exitCode, stdout, stderr } = await runCli(['journal', word, store], {});
      t.is(exitCode, 0, stdout + stderr);
    }
    const { counts, results, instances, findings } = await resimulateFolder(site.folder);
    t.log(instances.map(({ instance, events }) => `${instance} ${events}`).join(', '));
    t.log(JSON.stringify({ counts, results }));
    t.deepEqual(findings, []);
    t.true(counts['messages']! > 20 && counts['witnessed']! > 50);
    t.true(results['assignments']!.live > 5 && results['ledger']!.live > 0);
    writeFileSync(join(site.folder, 'done'), '');
  },
);
