import { createHash } from 'node:crypto';
import test from 'ava';
import type { Manifest } from '../../core/metrics/manifest.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import { escapeHtml, markup, trusted } from '../../reports/html/markup.ts';
import { renderPage } from '../../reports/html/page.ts';
import { renderReport } from '../../reports/write.ts';
import { exampleManifest, exampleMetrics, FIVE_SILOS } from './example-metrics.ts';
import { PAYLOADS } from './payloads.ts';
import { all, layoutFaults, parseHtml, parseXml } from './svg.ts';
import type { XmlDocument, XmlElement } from './svg.ts';

const files = await renderReport(exampleMetrics(), exampleManifest());
const page = files.get('report.html')!;
const document = parseHtml(page);

/** Every place where a name from outside can stand holds every payload. */
function poisonedMetrics(payloads: readonly string[]): Metrics {
  const joined = payloads.join(' ');
  const metrics = exampleMetrics({
    hours: 24,
    organisations: payloads.map((name) => ({ name, kind: 'hpc', nodes: 10 })),
    variants: ['static', ...payloads.slice(0, 2), joined],
  });
  const each = <Value>(value: Value) => Object.fromEntries(payloads.map((name) => [name, value]));
  const figure = metrics.extraDemandMet.nodeHours;
  const [point] = metrics.sensitivity;
  return {
    ...metrics,
    scenario: joined,
    digest: joined,
    demandCorrelation: { value: null, reason: joined },
    variants: metrics.variants.map((variant) => ({
      ...variant,
      mechanism: joined,
      provisioning: joined,
      organisations: variant.organisations.map((one, index) => ({
        ...one,
        ownMeasures: index === 0 ? each(figure) : {},
      })),
      market: variant.market && {
        ...variant.market,
        meanPrice: each(figure),
        claims: { ...each(joined), individualRationality: joined },
        fairness: { value: null, reason: joined },
      },
    })),
    extraDemandMet: { ...metrics.extraDemandMet, kinds: each({ nodeHours: figure }) },
    security: { ...metrics.security!, premium: each(figure) },
    series: metrics.series.map((series) => ({ ...series, price: each(series.demandNodes) })),
    sensitivity: payloads.map((parameter) => ({ ...point!, parameter })),
    provisioningTimes: metrics.provisioningTimes.map((time) => ({
      ...time,
      phases: payloads.map((name) => ({ name, seconds: 10 })),
      totalSeconds: 10 * payloads.length,
    })),
  };
}

function poisonedManifest(payloads: readonly string[]): Manifest {
  const joined = payloads.join(' ');
  return exampleManifest({
    command: joined,
    scenarioFile: joined,
    scenarioHash: joined,
    ocxVersion: joined,
    nodeVersion: joined,
    gitCommit: joined,
    startedAt: joined,
    host: { platform: joined, cpus: 1, workers: 1 },
    inputs: payloads.map((payload) => ({
      organisation: payload,
      name: payload,
      label: 'real',
      sha256: payload,
      treatment: payload,
      droppedRecords: Object.fromEntries([[payload, 3]]),
    })),
  });
}

function elements(document: XmlDocument): XmlElement[] {
  return Array.from(document.querySelectorAll('*'));
}

/** What a page of ours may hold: none of these can act. */
const HARMLESS = new Set(
  (
    'html head meta title style body header main footer nav section h1 h2 h3 p a ul li dl dt dd div ' +
    'figure figcaption details summary table caption thead tbody tr th td span strong code pre br ' +
    'svg desc g rect line path circle text pattern'
  ).split(' '),
);

function dangers(page: string): string[] {
  const found: string[] = [];
  for (const element of elements(parseHtml(page))) {
    const tag = element.tagName.toLowerCase();
    if (!HARMLESS.has(tag)) found.push(`<${tag}>`);
    for (const { name, value } of Array.from(element.attributes)) {
      if (/^on/i.test(name) || name === 'style' || name === 'src') found.push(`${tag} ${name}`);
      if (name === 'href' && !/^#[a-z-]+$/.test(value)) found.push(`${tag} href=${value}`);
      if (/^https?:/.test(value) && value !== 'http://www.w3.org/2000/svg') found.push(value);
    }
  }
  return found;
}

test('no payload becomes markup, a formula, a path or a command, wherever it stands', async (t) => {
  t.true(PAYLOADS.length >= 25);
  const extras = {
    leases: [],
    jobs: new Map(PAYLOADS.map((payload) => [payload, []])),
  };
  const poisoned = await renderReport(
    poisonedMetrics(PAYLOADS),
    poisonedManifest(PAYLOADS),
    extras,
  );
  t.deepEqual(dangers(poisoned.get('report.html')!), []);
  t.is(poisoned.size, files.size + 1 + PAYLOADS.length);
  for (const [path, text] of poisoned) {
    t.regex(path, /^(figures\/|tables\/)?[\w-]+\.(html|csv|svg|tex)$/);
    if (path.endsWith('.svg')) t.deepEqual(layoutFaults(parseXml(text).documentElement), [], path);
    if (path.endsWith('.csv')) t.notRegex(text, /(^|,|\n)"?[=@\t]/, path);
    if (path.endsWith('.tex')) {
      const commands = text.replaceAll(/^%.*$/gm, '');
      t.notRegex(commands, /\\(input|write|include|alpha)\b/, path);
    }
    t.notRegex(text, /[\u0000-\u0008\u001b\u202e\ufffe\uffff]/, path);
  }
});

test('a page that lets markup through would be found', (t) => {
  const page = (inner: string) => `<!doctype html><html><body>${inner}</body></html>`;
  t.deepEqual(dangers(page('<p>ok</p>')), []);
  t.true(dangers(page('<script>1</script>')).includes('<script>'));
  t.true(dangers(page('<p onclick="x">a</p>')).includes('p onclick'));
  t.true(dangers(page('<a href="javascript:alert(1)">a</a>')).length > 0);
  t.true(dangers(page('<img src="x">')).length > 0);
});

test('a payload is still there to read, as text', (t) => {
  const payload = '<script>alert(1)</script>';
  const poisoned = renderPage(poisonedMetrics([payload]), poisonedManifest([payload]), []);
  const document = parseHtml(poisoned);
  const [title] = all(document, 'h1');
  t.true(title!.textContent.includes(payload));
  const [command] = all(document, 'pre');
  t.is(command!.textContent.trim(), payload);
});

test('the security policy forbids everything but the one style sheet of the page', (t) => {
  const policy = all(document, 'meta')
    .find((meta) => meta.getAttribute('http-equiv') === 'Content-Security-Policy')!
    .getAttribute('content')!;
  t.regex(policy, /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]+={0,2}';/);
  const styles = Array.from(page.matchAll(/<style>(.*?)<\/style>/gs), ([, text]) => text!);
  t.is(styles.length, 1);
  const hash = createHash('sha256').update(styles[0]!).digest('base64');
  t.true(policy.includes(`'sha256-${hash}'`));
  t.false(page.includes('unsafe-inline'));
  t.notRegex(styles[0]!, /url\(|@import|expression/);
  t.true(page.indexOf('Content-Security-Policy') < page.indexOf('<style>'));
});

test('the page asks nobody for anything, is one file and not too large', (t) => {
  t.deepEqual(dangers(page), []);
  t.notRegex(page.replaceAll('http://www.w3.org/2000/svg', ''), /https?:\/\//);
  t.true(Buffer.byteLength(page) < 2 * 1024 * 1024);
});

test('a year of hours and many organisations still make a page of at most 2 MiB', async (t) => {
  const organisations = Array.from({ length: 14 }, (_, index) => ({
    ...FIVE_SILOS[index % 5]!,
    name: `organisation-${index}`,
  }));
  const year = await renderReport(
    exampleMetrics({ hours: 8_760, organisations }),
    exampleManifest(),
  );
  t.true(Buffer.byteLength(year.get('report.html')!) < 2 * 1024 * 1024);
});

test('headings go down by one, ids are unique, links lead somewhere', (t) => {
  const levels = elements(document)
    .map((element) => /^h([1-6])$/i.exec(element.tagName)?.[1])
    .filter((level) => level !== undefined)
    .map(Number);
  t.is(levels[0], 1);
  t.is(levels.filter((level) => level === 1).length, 1);
  t.true(levels.every((level, index) => index === 0 || level - levels[index - 1]! <= 1));
  const ids = elements(document).flatMap((element) => element.getAttribute('id') ?? []);
  t.is(new Set(ids).size, ids.length);
  for (const link of all(document, 'a')) {
    t.true(ids.includes(link.getAttribute('href')!.slice(1)));
  }
  t.is(document.documentElement.getAttribute('lang'), 'en');
});

test('every table has a caption and heads, every picture a name', (t) => {
  for (const table of all(document, 'table')) {
    t.is(all(table, 'caption').length, 1);
    t.true(all(table, 'th').every((head) => head.getAttribute('scope') !== null));
  }
  const pictures = all(document, 'svg');
  t.is(pictures.length, 2 * all(document, 'figure').length);
  t.true(pictures.every((svg) => svg.getAttribute('aria-labelledby') !== null));
  t.true(all(document, 'figure').every((figure) => all(figure, 'figcaption').length === 1));
});

test('the page says where everything comes from and how to make it again', (t) => {
  const text = document.documentElement.textContent;
  const manifest = exampleManifest();
  t.true(text.includes(manifest.command));
  t.true(text.includes(exampleMetrics().digest));
  t.true(text.includes(manifest.ocxVersion) && text.includes(manifest.nodeVersion));
  for (const input of manifest.inputs) {
    t.true(text.includes(input.name) && text.includes(input.treatment), input.name);
    if (input.sha256) t.true(text.includes(input.sha256));
  }
  t.true(text.includes('12 × negative run time; 3 × no processors'));
  t.regex(text, /inputs: 1 real, 1 derived, 1 synthetic/);
  t.regex(text, /Not modelled/);
});

test('the four answers stand in one sentence at the top', (t) => {
  const [lead] = Array.from(document.querySelectorAll('.lead'));
  t.is(Array.from(lead!.textContent.matchAll(/\[[^\]]+\]/g)).length, 6);
  t.is(all(lead!, 'strong').length, 6);
});

test('results that must not be used carry a warning at the top', (t) => {
  const broken = { ...exampleMetrics(), invariantViolations: 1, ledgerImbalance: -2 };
  const warned = parseHtml(renderPage(broken, exampleManifest(), []));
  t.is(warned.querySelectorAll('.warning').length, 2);
  t.is(document.querySelectorAll('.warning').length, 0);
});

test('the same results give the same files', async (t) => {
  t.deepEqual(await renderReport(exampleMetrics(), exampleManifest()), files);
});

test('a template escapes what it is given, and lets only drawings through', (t) => {
  t.is(markup`<p title="${'"'}">${'<&>'}</p>`.text, '<p title="&quot;">&lt;&amp;&gt;</p>');
  t.is(markup`${['a', markup`<b>${1}</b>`, null]}`.text, 'a<b>1</b>');
  t.is(markup`${trusted('<svg/>')}`.text, '<svg/>');
  t.is(escapeHtml("'\u0000"), '&#39;\ufffd');
});
