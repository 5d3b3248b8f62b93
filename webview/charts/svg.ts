/**
 * A picture as plain data. Charts are pure functions from data and theme to an `SvgNode`; the page
 * turns it into elements, tests compare its text with golden files. Colours come from CSS classes
 * and presentation attributes only: the content security policy forbids style attributes.
 */
export interface SvgNode {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly children: readonly (SvgNode | string)[];
}

export function node(
  tag: string,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly (SvgNode | string)[]
): SvgNode {
  return { tag, attributes, children };
}

/** Two decimals of a pixel are enough for the eye and keep golden files readable. */
export function round(pixels: number): number {
  return Math.round(pixels * 100) / 100;
}

export function toText(svg: SvgNode | string, indent = ''): string {
  if (typeof svg === 'string') return indent + escape(svg);
  const attributes = Object.entries(svg.attributes)
    .map(([name, value]) => ` ${name}="${escape(String(value))}"`)
    .join('');
  if (svg.children.length === 0) return `${indent}<${svg.tag}${attributes}/>`;
  if (svg.children.every((c) => typeof c === 'string'))
    return `${indent}<${svg.tag}${attributes}>${escape(svg.children.join(''))}</${svg.tag}>`;
  const inner = svg.children.map((c) => toText(c, indent + '  ')).join('\n');
  return `${indent}<${svg.tag}${attributes}>\n${inner}\n${indent}</${svg.tag}>`;
}

export function toElement(svg: SvgNode): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', svg.tag);
  for (const [name, value] of Object.entries(svg.attributes))
    element.setAttribute(name, String(value));
  for (const child of svg.children)
    element.append(typeof child === 'string' ? child : toElement(child));
  return element;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
