/** `ocx node`: nodes of a live site, their power and their use by hand. */
import type { Command } from 'commander';
import { defineCall, pathOf, type LiveOptions } from './live-client.ts';

export function registerNode(program: Command): void {
  const node = program.command('node').description('Nodes of a live site.');
  defineCall<LiveOptions & { free?: boolean }>(
    node,
    'list',
    'List the nodes that you may see.',
    (_, { free = false }) => ({ method: 'GET', path: `/nodes?onlyFree=${free}` }),
    (command) => command.option('--free', 'only those that are free'),
  );
  defineCall(node, 'show <node>', 'Show one node.', ([nodeId]) => ({
    method: 'GET',
    path: pathOf('nodes', nodeId!),
  }));
  administration(node);
  use(node);
}

function administration(node: Command): void {
  defineCall<LiveOptions & { owner?: string; class: string; security: string }>(
    node,
    'register <node>',
    'Add a node; it is in service once `node return` has verified it.',
    ([nodeId], { owner = null, class: nodeClass, security: securityLevel }) => ({
      method: 'POST',
      path: '/nodes',
      body: { nodeId, owner, nodeClass, securityLevel },
    }),
    (command) =>
      command
        .option('--owner <organisation>', 'who may lease it out; else the site')
        .requiredOption('--class <name>', 'node class')
        .option('--security <level>', 'highest level it can prove: none, attested, full', 'none'),
  );
  defineCall<LiveOptions & { mac?: string }>(
    node,
    'add-nic <node> <nic>',
    'Add a NIC to a node.',
    ([nodeId, nicId], { mac: macAddress = null }) => ({
      method: 'POST',
      path: `${pathOf('nodes', nodeId!)}/nics`,
      body: { nicId, macAddress },
    }),
    (command) => command.option('--mac <address>', 'its hardware address'),
  );
  defineCall(
    node,
    'wire <node> <nic> <switch> <port>',
    'Say which port the NIC is wired to.',
    ([nodeId, nicId, switchId, portId]) => ({
      method: 'PUT',
      path: `${pathOf('switches', switchId!, 'ports', portId!)}/nic`,
      body: { nodeId, nicId },
    }),
  );
  defineCall(
    node,
    'return <node>',
    'Back into service, through release and verification.',
    ([nodeId]) => ({
      method: 'POST',
      path: `${pathOf('nodes', nodeId!)}/return`,
    }),
  );
  defineCall(
    node,
    'withdraw <node> <state>',
    'Out of service: maintenance, broken or offline.',
    ([nodeId, state]) => ({
      method: 'POST',
      path: `${pathOf('nodes', nodeId!)}/withdraw`,
      body: { state },
    }),
  );
  defineCall(node, 'delete <node>', 'Remove a node that nobody uses.', ([nodeId]) => ({
    method: 'DELETE',
    path: pathOf('nodes', nodeId!),
  }));
}

function use(node: Command): void {
  for (const [word, method, summary] of [
    ['connect', 'PUT', 'Take a free node for your organisation, outside any lease.'],
    ['detach', 'DELETE', 'Give it back.'],
  ] as const) {
    defineCall(node, `${word} <organisation> <node>`, summary, ([organisation, nodeId]) => ({
      method,
      path: pathOf('organisations', organisation!, 'nodes', nodeId!),
    }));
  }
  defineCall<LiveOptions & { force?: boolean }>(
    node,
    'power <node> <operation>',
    'Switch a node on, off, or off and on again: on, off, cycle.',
    ([nodeId, operation], { force = false }) => ({
      method: 'POST',
      path: `${pathOf('nodes', nodeId!)}/power`,
      body: { operation, force },
    }),
    (command) => command.option('--force', 'without asking its operating system'),
  );
  defineCall(
    node,
    'boot <node> <device>',
    'What the next boot uses: network, disk, media, or none for its own order.',
    ([nodeId, device]) => ({
      method: 'PUT',
      path: `${pathOf('nodes', nodeId!)}/boot-device`,
      body: { device },
    }),
  );
  for (const [word, summary, imageOf] of [
    ['insert <node> <url>', 'Put an image into the virtual drive.', (url?: string) => url ?? null],
    ['eject <node>', 'Empty the virtual drive.', () => null],
  ] as const) {
    defineCall(node, word, summary, ([nodeId, url]) => ({
      method: 'PUT',
      path: `${pathOf('nodes', nodeId!)}/media`,
      body: { image: imageOf(url) },
    }));
  }
  defineCall(
    node,
    'secure-boot <node> <state>',
    'UEFI secure boot from the next boot: on or off.',
    ([nodeId, state]) => ({
      method: 'PUT',
      path: `${pathOf('nodes', nodeId!)}/secure-boot`,
      body: { enabled: state === 'on' ? true : state === 'off' ? false : state },
    }),
  );
  defineCall(node, 'action <action>', 'Show what became of a request.', ([actionId]) => ({
    method: 'GET',
    path: pathOf('actions', actionId!),
  }));
}
