/**
 * Untrusted text made safe to print: names of organisations, traces, queues and node classes come
 * from files that anybody may have written.
 */

/**
 * What XML 1.0 (section 2.2, production Char) does not allow, what moves a terminal's cursor, and
 * the marks that reverse the direction of text (Unicode Standard Annex 9), which can make one name
 * look like another.
 */
const UNPRINTABLE =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ufff9-\ufffb]|\p{Cs}/gu;

const REPLACEMENT = '\ufffd';

/** The text with every character that must not be printed replaced by U+FFFD. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, REPLACEMENT);
}

/** The text with a number kept together with its percent sign at the end of a line. */
export function keepUnits(text: string): string {
  return text.replace(/(\d) %/g, '$1\u00a0%');
}

/** As `printable`, and on one line. */
export function oneLine(text: string): string {
  return printable(text.replace(/[\t\n\r]+/g, ' '));
}
