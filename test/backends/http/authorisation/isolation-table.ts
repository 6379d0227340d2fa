/** The isolation service's table, as the core's own tests have it. */
import { isolationFacade } from '../../../../backends/http/isolation-routes.ts';
import type { IsolationQuery } from '../../../../core/allocator/views.ts';
import { viewIsolation } from '../../../../core/allocator/views.ts';
import { canonicalJson } from '../../../../core/kernel/canonical-json.ts';
import { COMMANDS, QUERIES, ROLES } from '../../../allocator/authorisation-table.ts';
import type { Sent, Site } from '../../../allocator/site.ts';
import type { Case, ServiceTable, World } from './matrix.ts';

function worldOf(site: Site): World {
  return {
    give: (from, command) => site.send(from, command as Sent),
    view: (query) => viewIsolation(site.state, site.nowMs, query as unknown as IsolationQuery),
    digest: () => canonicalJson(site.state),
  };
}

// Nobody has a token of no role.
const { nobody: _, ...roles } = ROLES;

const cases = Object.entries({ ...COMMANDS, ...QUERIES }).map(([kind, { allowed, prepare }]) => {
  const tried: Case = {
    allowed,
    prepare() {
      const { site, fields = {} } = prepare();
      const { kind: _kind, ...own } = fields as { kind?: string };
      return { world: worldOf(site), fields: own };
    },
  };
  return [kind, tried] as const;
});

export const ISOLATION: ServiceTable = {
  facade: isolationFacade,
  roles,
  cases: Object.fromEntries(cases),
};
