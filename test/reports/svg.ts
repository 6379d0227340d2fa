/** Reading pictures back: strict XML, and where every text lies. */
import { D3Node } from 'd3-node';
import { textWidth } from '../../reports/text/width.ts';

interface XmlElement {
  readonly tagName: string;
  readonly textContent: string;
  readonly parentNode: XmlElement | null;
  readonly attributes: ArrayLike<{ readonly name: string; readonly value: string }>;
  getAttribute(name: string): string | null;
  getElementsByTagName(name: string): ArrayLike<XmlElement>;
}

interface XmlDocument extends XmlElement {
  readonly documentElement: XmlElement;
  querySelectorAll(selector: string): ArrayLike<XmlElement>;
}

export type { XmlDocument, XmlElement };

interface Parser {
  parseFromString(text: string, type: string): XmlDocument;
}

const window = new D3Node().window as unknown as { readonly DOMParser: new () => Parser };

/** Parses strictly; throws on anything that is not well-formed XML. */
export function parseXml(text: string): XmlDocument {
  const document = new window.DOMParser().parseFromString(text, 'application/xml');
  const error = document.getElementsByTagName('parsererror')[0];
  if (error) throw new Error(`not well-formed: ${error.textContent}`);
  return document;
}

export function parseHtml(text: string): XmlDocument {
  return new window.DOMParser().parseFromString(text, 'text/html');
}

export function all(root: XmlElement, tag: string): XmlElement[] {
  return Array.from(root.getElementsByTagName(tag));
}

export interface TextBox {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Where every text of a picture lies, in the picture's own pixels. */
export function textBoxes(svg: XmlElement): TextBox[] {
  return all(svg, 'text').map((element) => {
    const size = Number(element.getAttribute('font-size'));
    const own = Array.from(element.textContent).join('');
    // A tooltip inside a text is not drawn.
    const title = all(element, 'title').map((one) => one.textContent);
    const text = title.length > 0 ? own.slice(0, own.length - title.join('').length) : own;
    const width = textWidth(text, size, element.getAttribute('font-weight') === 'bold');
    const [dx, dy] = offsetOf(element);
    const x = Number(element.getAttribute('x')) + dx;
    const base = Number(element.getAttribute('y')) + dy;
    const anchor = element.getAttribute('text-anchor') ?? 'start';
    const left = anchor === 'end' ? x - width : anchor === 'middle' ? x - width / 2 : x;
    return { text, left, right: left + width, top: base - 0.72 * size, bottom: base + 0.2 * size };
  });
}

/** Sum of the translations of an element's groups; charts use no other transformation. */
function offsetOf(element: XmlElement): [number, number] {
  let [x, y] = [0, 0];
  for (let at: XmlElement | null = element; at; at = at.parentNode) {
    const transform = at.getAttribute?.('transform');
    if (!transform) continue;
    const [, dx, dy] = /^translate\(([-\d.]+),([-\d.]+)\)$/.exec(transform) ?? [];
    if (dx === undefined) throw new Error(`a transformation that is not looked at: ${transform}`);
    x += Number(dx);
    y += Number(dy);
  }
  return [x, y];
}

/** What is wrong with a picture's texts: cut at its edges, or one on another. */
export function layoutFaults(svg: XmlElement): string[] {
  const [, , width = 0, height = 0] = (svg.getAttribute('viewBox') ?? '').split(' ').map(Number);
  const boxes = textBoxes(svg).filter((box) => box.text !== '');
  const faults: string[] = [];
  for (const box of boxes) {
    if (box.left < -0.5 || box.right > width + 0.5 || box.top < -0.5 || box.bottom > height + 0.5) {
      faults.push(`cut: “${box.text}” ${box.left.toFixed(1)}–${box.right.toFixed(1)} of ${width}`);
    }
  }
  for (const [index, one] of boxes.entries()) {
    for (const other of boxes.slice(index + 1)) {
      const apart =
        one.right <= other.left + 0.5 ||
        other.right <= one.left + 0.5 ||
        one.bottom <= other.top + 0.5 ||
        other.bottom <= one.top + 0.5;
      if (!apart) faults.push(`“${one.text}” lies on “${other.text}”`);
    }
  }
  return faults;
}
