/**
 * Pictures and tables as files: an SVG that needs no style sheet (every colour the page computed is
 * written into it), the same as PNG at twice the size, and CSV after RFC 4180.
 */
import { cyclePatterns } from '../charts/cycle-patterns.ts';
import { toElement } from '../charts/svg.ts';
import type { Cell, Table } from './table.ts';

/** What the page's style sheet decides about a mark. */
const styled = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-dasharray',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
] as const;

/** The chart with its patterns, background and all computed colours inside. */
export function standaloneSvg(shown: SVGElement): string {
  const copy = shown.cloneNode(true) as SVGElement;
  const defs = document.getElementById('pattern-work')?.closest('defs');
  const inner = defs ? (defs.cloneNode(true) as SVGElement) : toElement(cyclePatterns());
  if (defs) inline(defs, inner);
  inline(shown, copy);
  const width = Number(shown.getAttribute('width'));
  const height = Number(shown.getAttribute('height'));
  const margin = 12;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute(
    'viewBox',
    `${-margin} ${-margin} ${width + 2 * margin} ${height + 2 * margin}`,
  );
  copy.setAttribute('width', String(width + 2 * margin));
  copy.setAttribute('height', String(height + 2 * margin));
  const paper = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  const fill = getComputedStyle(document.body).backgroundColor;
  for (const [name, value] of [
    ['x', -margin],
    ['y', -margin],
    ['width', width + 2 * margin],
    ['height', height + 2 * margin],
    ['fill', fill],
  ] as const)
    paper.setAttribute(name, String(value));
  copy.prepend(inner, paper);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}

function inline(from: Element, to: Element): void {
  const style = getComputedStyle(from);
  for (const name of styled) {
    const value = style.getPropertyValue(name);
    // patterns keep their reference: the computed one would name this page
    if (value && !value.includes('url(')) to.setAttribute(name, value);
  }
  to.removeAttribute('class');
  [...from.children].forEach((child, i) => {
    const copy = to.children[i];
    if (copy) inline(child, copy);
  });
}

/** @throws Error when the browser cannot draw the picture */
export async function toPng(svg: string, scale = 2): Promise<ArrayBuffer> {
  const image = new Image();
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    await new Promise<void>((done, fail) => {
      image.onload = () => done();
      image.onerror = () => fail(new Error('the picture could not be drawn'));
      image.src = address;
    });
    const canvas = document.createElement('canvas');
    canvas.width = Math.ceil(image.width * scale);
    canvas.height = Math.ceil(image.height * scale);
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
    if (!blob) throw new Error('the picture could not be drawn');
    return await blob.arrayBuffer();
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** RFC 4180; a text that a spreadsheet would run gets a leading apostrophe. */
export function toCsv({ columns, rows }: Table): string {
  const cell = (value: Cell): string => {
    let text = value === null ? '' : String(value);
    if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
