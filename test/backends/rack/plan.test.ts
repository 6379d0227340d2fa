import test from 'ava';
import { claimFolder, isRackFolder, removeFolder } from '../../../backends/rack/folder.ts';
import { MOST_NODES, planRack, rackId } from '../../../backends/rack/plan.ts';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

test('no two nodes share an address, a network or a port, however many there are', (t) => {
  const plan = planRack('/a/rack', { machines: 100, lightNodes: 100, tenants: 20 });
  t.is(plan.nodes.length, MOST_NODES);
  const all = [
    ...plan.nodes.flatMap(({ macAddress, bmcAddress, portId, airlock }) => [
      ...[macAddress, bmcAddress, portId],
      ...[String(airlock.networkId), airlock.portId, airlock.gateway],
    ]),
    ...plan.tenants.flatMap(({ portId, address, namespace }) => [portId, address, namespace]),
  ];
  t.is(new Set(all).size, all.length);
  for (const { portId, airlock } of plan.nodes) {
    for (const link of [portId, airlock.portId]) t.true(link.length <= 15, link);
    t.true(airlock.networkId <= 4094);
  }
  t.deepEqual(
    plan.nodes.slice(0, 3).map(({ bmcProtocol }) => bmcProtocol),
    ['redfish', 'redfish', 'ipmi'],
  );
});

test('a rack has the same id as long as it is in the same folder', (t) => {
  t.is(rackId('/a/rack'), rackId('/a/rack'));
  t.not(rackId('/a/rack'), rackId('/b/rack'));
  t.regex(rackId('/a/rack'), /^ox[0-9a-f]{5}$/);
});

test('a rack takes no folder that holds anything, and removes none that is not a rack’s', (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'ocx-rack-'));
  t.teardown(() => rmSync(parent, { recursive: true, force: true }));
  const folder = join(parent, 'rack');
  mkdirSync(folder);
  writeFileSync(join(folder, 'thesis.tex'), 'years of work');
  t.throws(() => claimFolder(folder, 'ox00000'), { code: 'INPUT_RACK_FOLDER' });
  removeFolder(folder);
  t.true(existsSync(join(folder, 'thesis.tex')));
  rmSync(folder, { recursive: true });
  claimFolder(folder, 'ox00000');
  t.true(isRackFolder(folder));
  t.throws(() => claimFolder(folder, 'ox00000'), { code: 'CONFLICT_RACK' });
  removeFolder(folder);
  t.false(existsSync(folder));
  for (const name of ['a,b', 'a b', 'x'.repeat(120)]) {
    t.throws(() => claimFolder(join(parent, name), 'ox00000'), { code: 'INPUT_RACK_FOLDER' });
  }
});
