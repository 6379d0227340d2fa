/**
 * The page's one style sheet. Its hash is the only style that the content security policy lets
 * through, so nothing in the page may carry a `style` attribute.
 */
import { createHash } from 'node:crypto';

export const STYLE = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: #ffffff; color: #1f2328;
  font: 16px/1.55 Helvetica, Arial, 'Liberation Sans', sans-serif;
}
header, main, footer { max-width: 800px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 48px; }
footer { padding-top: 24px; padding-bottom: 48px; color: #57606a; font-size: 14px; }
h1 { margin: 0; font-size: 17px; font-weight: 600; color: #57606a; letter-spacing: 0.01em; }
h2 {
  margin: 64px 0 8px; padding-top: 16px; border-top: 2px solid #1f2328;
  font-size: 24px; line-height: 1.25; letter-spacing: -0.01em;
}
h3 { margin: 0 0 12px; font-size: 17px; line-height: 1.35; }
p { margin: 0 0 12px; }
a { color: #0b5c8f; text-underline-offset: 2px; }
.lead { margin: 10px 0 20px; font-size: 21px; line-height: 1.45; }
.lead strong { font-weight: 600; }
.facts { color: #57606a; font-size: 14px; }
.warning {
  margin: 0 0 12px; padding: 10px 14px; border-left: 4px solid #d55e00; background: #fdf1e8;
}
.answers { margin: 24px 0; display: grid; grid-template-columns: 128px 1fr; gap: 10px 16px; }
.answers dt { font-weight: 600; }
.answers dd { margin: 0; }
nav ul { margin: 0; padding: 14px 0 0; list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 14px; }
figure { margin: 32px 0 40px; }
figure svg { display: block; width: 100%; height: auto; }
.narrow { display: none; }
figcaption { margin-top: 10px; color: #57606a; font-size: 14px; line-height: 1.5; }
details { margin-top: 8px; font-size: 14px; }
summary { color: #0b5c8f; cursor: pointer; width: fit-content; }
.missing { margin: 20px 0; color: #57606a; font-size: 14px; }
.scroll { overflow-x: auto; margin: 12px 0 24px; }
.scroll:focus-visible { outline: 2px solid #0b5c8f; }
table { border-collapse: collapse; width: 100%; font-size: 14px; line-height: 1.4; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { padding: 5px 14px 5px 0; text-align: left; vertical-align: top; overflow-wrap: break-word; }
td, th[scope=row] { max-width: 26em; }
th:last-child, td:last-child { padding-right: 0; }
th[scope=row] { font-weight: 400; min-width: 7em; overflow-wrap: anywhere; }
.interval { white-space: nowrap; }
thead th { border-bottom: 1px solid #1f2328; font-weight: 600; vertical-align: bottom; }
tbody tr + tr > * { border-top: 1px solid #e6e9ec; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.group th { padding-top: 16px; font-weight: 600; border-top: 0; }
.label { display: inline-block; padding: 0 7px; border: 1px solid #8c959f; border-radius: 9px; font-size: 12px; line-height: 1.5; white-space: nowrap; }
.real { border-color: #0072b2; color: #005a8c; }
.derived { border-color: #9a6700; color: #7d5300; }
.synthetic { border-color: #57606a; color: #57606a; border-style: dashed; }
.bad { color: #a33c00; font-weight: 600; }
ul.plain { margin: 0 0 12px; padding-left: 20px; }
ul.plain li { margin-bottom: 4px; }
pre { margin: 8px 0 20px; padding: 12px 14px; background: #f5f6f7; border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; }
code, pre, .hash { font: 13px/1.5 ui-monospace, 'Liberation Mono', 'DejaVu Sans Mono', monospace; }
.hash { overflow-wrap: anywhere; color: #57606a; font-size: 11px; }
.plain-list { margin: 0; }
.plain-list div { display: grid; grid-template-columns: 190px 1fr; gap: 2px 16px; padding: 5px 0; font-size: 14px; }
.plain-list div + div { border-top: 1px solid #e6e9ec; }
.plain-list dt { color: #57606a; }
.plain-list dd { margin: 0; overflow-wrap: anywhere; }
@media screen and (max-width: 360px) {
  header, main, footer { padding-left: 12px; padding-right: 12px; }
}
@media screen and (max-width: 740px) {
  header { padding-top: 28px; }
  .lead { font-size: 18px; }
  .answers { grid-template-columns: 1fr; gap: 0; }
  .answers dd { margin-bottom: 14px; }
  .wide { display: none; }
  .narrow { display: block; max-width: 480px; }
  h2 { margin-top: 48px; font-size: 21px; }
  th, td { padding-right: 10px; }
  .plain-list div { grid-template-columns: 1fr; }
}
@media screen and (max-width: 480px) {
  .stacks thead { display: none; }
  .stacks, .stacks tbody, .stacks tr, .stacks th, .stacks td { display: block; }
  .stacks tr { padding: 8px 0; }
  .stacks tbody tr + tr { border-top: 1px solid #e6e9ec; }
  .stacks tbody tr + tr > * { border-top: 0; }
  .stacks th, .stacks td { max-width: none; padding: 1px 0; }
  .stacks th[scope=row] { font-weight: 600; }
  .stacks td { display: grid; grid-template-columns: 9em 1fr; gap: 0 10px; }
  .stacks td:empty { display: none; }
  .stacks td > * { grid-column: 2; }
  .stacks td > .label { justify-self: start; }
  .stacks td::before { content: attr(data-column); grid-column: 1; grid-row: 1; color: #57606a; }
}
@media print {
  @page { margin: 16mm 14mm; }
  body { font-size: 10.5pt; }
  header, main, footer { max-width: none; padding: 0; }
  nav, details { display: none; }
  h2 { margin-top: 28pt; break-after: avoid; }
  h3, section > p { break-after: avoid; }
  figure, tr, .answers, .warning { break-inside: avoid; }
  .scroll { overflow: visible; }
  a { color: inherit; text-decoration: none; }
}
`;

/** Forbids everything but this style: no script, no network, no frames, no forms. */
export function contentSecurityPolicy(): string {
  const hash = createHash('sha256').update(STYLE, 'utf8').digest('base64');
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}
