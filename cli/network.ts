/** `ocx network`: networks of a live site, who may use them, and which NICs are on them. */
import type { Command } from 'commander';
import { wholeNumber } from './command.ts';
import { defineCall, pathOf, type LiveOptions } from './live-client.ts';

export function registerNetwork(program: Command): void {
  const network = program.command('network').description('Networks of a live site.');
  defineCall(network, 'list', 'List the networks that you may use.', () => ({
    method: 'GET',
    path: '/networks',
  }));
  defineCall(network, 'show <network>', 'Show one network.', ([name]) => ({
    method: 'GET',
    path: pathOf('networks', name!),
  }));
  defineCall<LiveOptions & { owner?: string; public?: boolean; id?: number }>(
    network,
    'create <network>',
    'Add a network; with an owner only the owner may use it at first.',
    ([name], { owner = null, public: isPublic = false, id: networkId = null }) => ({
      method: 'POST',
      path: '/networks',
      body: { network: name, owner, access: owner, isPublic, networkId },
    }),
    (command) =>
      command
        .option('--owner <organisation>', 'else it is the site’s')
        .option('--public', 'open to everybody')
        .option(
          '--id <number>',
          'this network id; else one of the pool',
          wholeNumber(1, 16_777_215),
        ),
  );
  defineCall(network, 'delete <network>', 'Remove a network that no port is on.', ([name]) => ({
    method: 'DELETE',
    path: pathOf('networks', name!),
  }));
  for (const [word, method, summary] of [
    ['grant', 'PUT', 'Let an organisation use it.'],
    ['revoke', 'DELETE', 'Take that back.'],
  ] as const) {
    defineCall(network, `${word} <network> <organisation>`, summary, ([name, organisation]) => ({
      method,
      path: pathOf('networks', name!, 'access', organisation!),
    }));
  }
  defineCall<LiveOptions & { channel: string }>(
    network,
    'connect <network> <node> <nic>',
    'Put a NIC on it.',
    ([name, nodeId, nicId], { channel }) => ({
      method: 'PUT',
      path: pathOf('nodes', nodeId!, 'nics', nicId!, 'networks', name!),
      body: { channel },
    }),
    (command) => command.option('--channel <name>', 'vlan/native or vlan/<id>', 'vlan/native'),
  );
  defineCall(
    network,
    'detach <network> <node> <nic>',
    'Take a NIC off it.',
    ([name, nodeId, nicId]) => ({
      method: 'DELETE',
      path: pathOf('nodes', nodeId!, 'nics', nicId!, 'networks', name!),
    }),
  );
}
