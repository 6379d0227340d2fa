/** The workload table of a fit as TOML, on one line, as it goes into a scenario. */
import type { ModelFit } from '../../core/demand/model-fit.ts';

/** `{ model = "lublin", load = 0.7, … }`. */
export function inlineTable(table: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(table)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} = ${inlineValue(value)}`);
  return `{ ${entries.join(', ')} }`;
}

function inlineValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inlineValue).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return inlineTable(value as Record<string, unknown>);
  }
  // Numbers of JSON are numbers of TOML; its strings are TOML's basic strings.
  return JSON.stringify(value);
}

/** The file `model.toml`. */
export function renderModelToml(fit: ModelFit): string {
  return (
    `# ${fit.model}, fitted to a trace of ${fit.trace.records} records over ` +
    `${fit.trace.spanDays} days (format ${fit.trace.format}).\n` +
    '# Put the line among the keys of an organisation of a scenario, in place of its\n' +
    '# [organisation.workload], or give this file to\n' +
    `# ocx trace generate ${fit.model} --workload model.toml\n` +
    `workload = ${inlineTable(fit.workload)}\n`
  );
}
