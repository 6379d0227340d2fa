import test from 'ava';
import { SWITCH_TYPES } from '../../core/allocator/switch-types.ts';
import { A, ADMIN, Site, handSite, smallSite, startedSite, terms } from './site.ts';

const SWITCH = { kind: 'SwitchRegister', switchId: 'switch-9', switchType: 'mock' } as const;
const PORT = { switchId: 'switch-0', portId: 'spare' } as const;

test('behaviour 43: switches are registered once, of a known type, and deleted when empty', (t) => {
  const site = new Site(smallSite());
  site.done(ADMIN, SWITCH);
  t.is(site.refused(ADMIN, SWITCH), 'CONFLICT_DUPLICATE');
  const bad = { ...SWITCH, switchId: 'switch-10', switchType: 'toaster' };
  t.is(site.refused(ADMIN, bad), 'INPUT_BAD_ARGUMENT');
  site.done(ADMIN, { kind: 'PortRegister', switchId: 'switch-9', portId: 'p1' });
  const remove = { kind: 'SwitchDelete', switchId: 'switch-9' } as const;
  t.is(site.refused(ADMIN, remove), 'CONFLICT_BLOCKED');
  site.done(ADMIN, { kind: 'PortDelete', switchId: 'switch-9', portId: 'p1' });
  site.done(ADMIN, remove);
  t.is(site.refused(ADMIN, remove), 'NOT_FOUND_SWITCH');
});

test('behaviour 44: port names are those of the kind of switch', (t) => {
  const names: Record<string, [good: string, bad: string]> = {
    mock: ['anything', ''],
    openvswitch: ['eth0', '0eth'],
    'linux-bridge': ['tap7', 'tap/7'],
    'cisco-nxos': ['Ethernet1/42', 'ethernet1/42'],
    'dell-os9': ['TenGigabitEthernet1/2', 'Te 1/2'],
    'dell-os10': ['ethernet1/1/5:2', 'ethernet1/5'],
    'juniper-junos': ['ge-0/0/1', 'ge-0/0/1.0'],
    'dell-powerconnect': ['gi1/0/5', 'gi1/5'],
    'dell-n3000': ['gi1/0/5', 'te1/0/5'],
    'dell-nos9': ['GigabitEthernet1/3', 'gi1/3'],
    'cisco-nexus': ['ethernet1/42', 'Ethernet 1/42'],
    'brocade-vdx': ['104/0/18', '104/0/18/1'],
  };
  t.deepEqual(Object.keys(names).sort(), [...SWITCH_TYPES.keys()].sort());
  const site = new Site(smallSite());
  for (const [switchType, [good, bad]] of Object.entries(names)) {
    site.done(ADMIN, { kind: 'SwitchRegister', switchId: switchType, switchType });
    const register = { kind: 'PortRegister', switchId: switchType } as const;
    site.done(ADMIN, { ...register, portId: good });
    t.is(site.refused(ADMIN, { ...register, portId: good }), 'CONFLICT_DUPLICATE');
    t.is(site.refused(ADMIN, { ...register, portId: bad }), 'INPUT_BAD_ARGUMENT');
  }
});

test('behaviour 45: a port has one NIC and a NIC one port', (t) => {
  const site = new Site(smallSite());
  site.done(ADMIN, { kind: 'PortRegister', ...PORT });
  site.done(ADMIN, { kind: 'NicRegister', nodeId: 'a1', nicId: 'nic9', macAddress: null });
  const wire = { kind: 'PortWire', ...PORT, nodeId: 'a1', nicId: 'nic9' } as const;
  t.is(site.refused(ADMIN, { ...wire, nicId: 'nic0' }), 'CONFLICT_DUPLICATE');
  t.is(site.refused(ADMIN, { ...wire, portId: 'a1-0' }), 'CONFLICT_DUPLICATE');
  t.is(site.refused(ADMIN, { ...wire, nicId: 'x' }), 'NOT_FOUND_NIC');
  t.is(site.refused(ADMIN, { ...wire, portId: 'x' }), 'NOT_FOUND_PORT');
  site.done(ADMIN, wire);
  t.is(site.refused(ADMIN, { kind: 'PortDelete', ...PORT }), 'CONFLICT_BLOCKED');
  t.deepEqual(site.view(ADMIN, { kind: 'PortShow', ...PORT }), {
    ...PORT,
    nodeId: 'a1',
    nicId: 'nic9',
  });
  site.done(ADMIN, { kind: 'PortUnwire', ...PORT });
  t.is(site.refused(ADMIN, { kind: 'PortUnwire', ...PORT }), 'NOT_FOUND_NIC');
  site.done(ADMIN, { kind: 'PortDelete', ...PORT });
});

test('behaviour 45: the wiring of a node in use is not changed', (t) => {
  const unwire = { kind: 'PortUnwire', switchId: 'switch-0', portId: 'a1-0' } as const;
  const reserved = new Site(smallSite());
  reserved.done(A, { kind: 'LeaseCreate', terms: terms() });
  for (const site of [handSite(), startedSite(), reserved]) {
    t.is(site.refused(ADMIN, unwire), 'CONFLICT_BLOCKED');
  }
});

test('a free node that is wired to another port has to be verified before it is free', (t) => {
  const site = new Site(smallSite());
  site.done(ADMIN, { kind: 'PortRegister', ...PORT });
  site.done(ADMIN, { kind: 'NicRegister', nodeId: 'a1', nicId: 'nic9', macAddress: null });
  site.done(ADMIN, { kind: 'PortWire', ...PORT, nodeId: 'a1', nicId: 'nic9' });
  site.hardware.get('a1')!.ports.set('spare', [{ networkId: 5, channel: 'vlan/native' }]);
  t.is(site.node('a1').state, 'enrolled');
  t.is(site.refused(A, { kind: 'LeaseCreate', terms: terms() }), 'CONFLICT_BLOCKED');
  site.settle(ADMIN, { kind: 'NodeReturn', nodeId: 'a1' });
  t.is(site.node('a1').state, 'free');
  t.true(site.isCutOff('a1'));
});

test('two ports of one name on two switches cannot both belong to one node', (t) => {
  const site = new Site(smallSite());
  site.done(ADMIN, { kind: 'PortRegister', switchId: 'switch-1', portId: 'a1-0' });
  site.done(ADMIN, { kind: 'NicRegister', nodeId: 'a1', nicId: 'nic9', macAddress: null });
  const wire = { switchId: 'switch-1', portId: 'a1-0', nodeId: 'a1', nicId: 'nic9' };
  t.is(site.refused(ADMIN, { kind: 'PortWire', ...wire }), 'CONFLICT_DUPLICATE');
});

test('switches and their ports are listed for administrators', (t) => {
  const site = new Site(smallSite());
  t.deepEqual(site.view(ADMIN, { kind: 'SwitchList' }), { switches: ['switch-0', 'switch-1'] });
  t.deepEqual(site.view(ADMIN, { kind: 'SwitchShow', switchId: 'switch-0' }), {
    switchId: 'switch-0',
    switchType: 'mock',
    ports: ['a1-0', 'a2-0', 'b1-0', 'b2-0'],
  });
  t.is(site.view(ADMIN, { kind: 'SwitchShow', switchId: 'x' })['code'], 'NOT_FOUND_SWITCH');
  t.is(site.view(A, { kind: 'SwitchList' })['code'], 'DENIED_AUTHORIZATION');
});
