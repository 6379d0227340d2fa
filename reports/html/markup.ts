/**
 * HTML that escapes by itself: everything put into an `markup` template is escaped unless it is
 * `Markup`, which only a template, or a drawing through `trusted`, can make.
 */
import { printable } from '../text/printable.ts';

export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Child = Markup | string | number | null | readonly Child[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For text and for attribute values in double quotes. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

export function markup(strings: TemplateStringsArray, ...children: readonly Child[]): Markup {
  let text = strings[0]!;
  children.forEach((child, index) => {
    text += render(child) + strings[index + 1]!;
  });
  return new Markup(text);
}

/** Markup that this project made, e.g. the SVG of a drawing. Never for text from outside. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

function render(child: Child): string {
  if (child === null) return '';
  if (child instanceof Markup) return child.text;
  if (typeof child === 'string') return escapeHtml(child);
  if (typeof child === 'number') return String(child);
  return child.map(render).join('');
}
