import test from 'ava';
import fc from 'fast-check';
import { dnsmasqConfiguration } from '../../../backends/boot/dnsmasq.ts';
import type { BootNetwork } from '../../../backends/boot/dnsmasq.ts';

const AIRLOCK: BootNetwork = {
  kind: 'airlock',
  interface: 'n1',
  address: '10.64.1.1',
  prefixLength: 24,
  hosts: [{ mac: '52:54:00:00:00:01', address: '10.64.1.2', name: 'n1' }],
  httpPort: 8080,
  tftpFolder: '/srv/ocx/tftp',
  ipxeScript: null,
  stateFolder: '/run/ocx/n1',
  leaseSeconds: 600,
};

function linesOf(network: BootNetwork): string[] {
  return dnsmasqConfiguration(network).trimEnd().split('\n');
}

test('an airlock answers its own node on its own interface, with the boot image', (t) => {
  const lines = linesOf(AIRLOCK);
  t.deepEqual(
    lines.filter((line) => /^(interface|dhcp-host|dhcp-range|dhcp-boot|dhcp-ignore)=/.test(line)),
    [
      'interface=n1',
      'dhcp-range=10.64.1.0,static,255.255.255.0,600',
      'dhcp-ignore=tag:!known',
      'dhcp-boot=tag:http,http://10.64.1.1:8080/uki.efi,,10.64.1.1',
      'dhcp-boot=tag:uefi,tag:!http,tag:!ipxe,uki.efi,,10.64.1.1',
      'dhcp-host=52:54:00:00:00:01,10.64.1.2,n1',
    ],
  );
  t.true(lines.includes('dhcp-option-force=tag:http,60,HTTPClient'));
});

test('iPXE is answered in an enclave that says so, and never in an airlock', (t) => {
  const ipxeScript = 'http://10.64.1.1:8080/boot.ipxe';
  t.true(
    linesOf({ ...AIRLOCK, kind: 'enclave', ipxeScript }).includes(
      `dhcp-boot=tag:ipxe,tag:!http,${ipxeScript},,10.64.1.1`,
    ),
  );
  t.throws(() => dnsmasqConfiguration({ ...AIRLOCK, ipxeScript }), { code: 'INPUT_BOOT_NETWORK' });
});

test('what does not belong into the network is refused', (t) => {
  const host = AIRLOCK.hosts[0]!;
  const wrong: Partial<BootNetwork>[] = [
    { hosts: [{ ...host, address: '10.64.2.2' }] },
    { hosts: [{ ...host, address: '10.64.1.1' }] },
    { hosts: [{ ...host, address: '10.64.1.255' }] },
    { hosts: [{ ...host, mac: '52:54:00:00:00:0G' }] },
    { hosts: [host, { ...host, address: '10.64.1.3' }] },
    { hosts: [{ ...host, name: 'a.b' }] },
    { prefixLength: 31 },
    { httpPort: 0 },
    { leaseSeconds: 60 },
    { tftpFolder: 'tftp' },
  ];
  for (const change of wrong) {
    t.throws(() => dnsmasqConfiguration({ ...AIRLOCK, ...change }), {
      code: 'INPUT_BOOT_NETWORK',
    });
  }
});

test('no name brings a line of its own into the file', (t) => {
  const count = linesOf(AIRLOCK).length;
  const text = fc.oneof(fc.string(), fc.constantFrom('n1\nconf-file=/etc/passwd', 'a#b', '/x,y'));
  fc.assert(
    fc.property(text, fc.constantFrom('interface', 'stateFolder', 'name'), (value, field) => {
      const host = AIRLOCK.hosts[0]!;
      const change = field === 'name' ? { hosts: [{ ...host, name: value }] } : { [field]: value };
      try {
        return linesOf({ ...AIRLOCK, ...change }).length === count;
      } catch (error) {
        return (error as { code?: string }).code === 'INPUT_BOOT_NETWORK';
      }
    }),
  );
  t.pass();
});
