/** `ocx org`: organisations of a live site, and the services that act for them. */
import type { Command } from 'commander';
import { defineCall, pathOf, type LiveOptions } from './live-client.ts';

export function registerOrg(program: Command): void {
  const org = program.command('org').description('Organisations of a live site.');
  defineCall(org, 'list', 'List all organisations.', () => ({
    method: 'GET',
    path: '/organisations',
  }));
  defineCall(org, 'show <name>', 'Show its nodes, networks and delegations.', ([name]) => ({
    method: 'GET',
    path: pathOf('organisations', name!),
  }));
  defineCall<LiveOptions & { parent?: string }>(
    org,
    'create <name>',
    'Add an organisation.',
    ([organisation], { parent = null }) => ({
      method: 'POST',
      path: '/organisations',
      body: { organisation, parent },
    }),
    (command) => command.option('--parent <name>', 'organisation that it belongs to'),
  );
  defineCall(org, 'delete <name>', 'Remove an organisation that has nothing left.', ([name]) => ({
    method: 'DELETE',
    path: pathOf('organisations', name!),
  }));
  for (const [word, method, summary] of [
    ['delegate', 'PUT', 'Let a service act for it: leasing or tenancy.'],
    ['undelegate', 'DELETE', 'Take that right back.'],
  ] as const) {
    defineCall(org, `${word} <name> <service> <right>`, summary, ([name, service, right]) => ({
      method,
      path: pathOf('organisations', name!, 'delegations', service!, right!),
    }));
  }
}
