/** What an instance of a service is called beside others of its kind. */

/**
 * The name of its journal, and its own where it has another: every tenant may have an attester, a
 * provisioner and an orchestrator, each with a store of its own.
 */
export function instanceName(journal: string, configuration: unknown): string {
  const { name } = (configuration ?? {}) as { readonly name?: unknown };
  return typeof name === 'string' && name !== journal ? `${journal}/${name}` : journal;
}
