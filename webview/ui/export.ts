/**
 * Pictures and tables as files: an SVG that needs no style sheet (every colour the page computed is
 * written into it), the same as PNG at twice the size; tables as CSV after RFC 4180, as JSON objects
 * by column, and as tab-separated text for a clipboard.
 */
import { columnNames, type Cell, type Table } from './table.ts';

/** What the page's style sheet decides about a mark. */
const styled = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-dasharray',
  'opacity',
  'paint-order',
  'font-family',
  'font-size',
  'font-weight',
] as const;
const margin = 12;

/** The chart with the patterns it names, the background and all computed colours inside. */
export function standaloneSvg(shown: SVGElement): string {
  const copy = shown.cloneNode(true) as SVGElement;
  inline(shown, copy);
  const defs = document.createElementNS('http://www.w3.org/2000/svg', 'defs');
  for (const id of namesIn(copy)) {
    const named = document.getElementById(id);
    if (!named || shown.contains(named)) continue;
    const inner = named.cloneNode(true) as Element;
    inline(named, inner);
    defs.append(inner);
  }
  const width = Number(shown.getAttribute('width')) + 2 * margin;
  const height = Number(shown.getAttribute('height')) + 2 * margin;
  const set = (element: Element, values: Readonly<Record<string, string | number>>): void => {
    for (const [name, value] of Object.entries(values)) element.setAttribute(name, String(value));
  };
  set(copy, { xmlns: 'http://www.w3.org/2000/svg', width, height });
  set(copy, { viewBox: `${-margin} ${-margin} ${width} ${height}` });
  const paper = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  const fill = getComputedStyle(document.body).backgroundColor;
  set(paper, { x: -margin, y: -margin, width, height, fill });
  copy.prepend(defs, paper);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}

/** Ids that fills of the picture refer to. */
function namesIn(svg: Element): Set<string> {
  const found = new Set<string>();
  for (const element of svg.querySelectorAll('[fill^="url("]')) {
    const id = /^url\(["']?#([^"')]+)/.exec(element.getAttribute('fill') ?? '')?.[1];
    if (id) found.add(id);
  }
  return found;
}

function inline(from: Element, to: Element): void {
  const style = getComputedStyle(from);
  for (const name of styled) {
    const value = style.getPropertyValue(name);
    // patterns keep their reference: the computed one would name this page
    if (value && !value.includes('url(')) to.setAttribute(name, value);
  }
  if (style.whiteSpace === 'pre') to.setAttribute('xml:space', 'preserve');
  for (const name of to.getAttributeNames())
    if (name === 'class' || name === 'tabindex' || name.startsWith('data-'))
      to.removeAttribute(name);
  [...from.children].forEach((child, i) => {
    const copy = to.children[i];
    if (copy) inline(child, copy);
  });
}

/** @throws Error when the browser cannot draw the picture */
export async function toPng(svg: string, scale = 2): Promise<Blob> {
  const image = new Image();
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    await new Promise<void>((done, fail) => {
      image.onload = () => done();
      image.onerror = () => fail(new Error('the picture could not be drawn'));
      image.src = address;
    });
    return await pngOf(image, image.width * scale, image.height * scale, 'transparent');
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** What is on a canvas, on the page's own background. */
export function canvasPng(canvas: HTMLCanvasElement): Promise<Blob> {
  const paper = getComputedStyle(document.body).backgroundColor;
  return pngOf(canvas, canvas.width, canvas.height, paper);
}

async function pngOf(
  picture: CanvasImageSource,
  width: number,
  height: number,
  paper: string,
): Promise<Blob> {
  const canvas = new OffscreenCanvas(Math.ceil(width), Math.ceil(height));
  const context = canvas.getContext('2d');
  if (!context) throw new Error('the picture could not be drawn');
  context.fillStyle = paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: 'image/png' });
}

/** RFC 4180; a text that a spreadsheet would run gets a leading apostrophe. */
export function toCsv(table: Table): string {
  const cell = (value: Cell): string => {
    let text = value === null ? '' : String(value);
    if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columnNames(table), ...table.rows].map((r) => `${r.map(cell).join(',')}\r\n`).join('');
}

/** One object a row. Numbers that JSON does not have (NaN, infinities) are texts. */
export function toJson(table: Table): string {
  const seen = new Map<string, number>();
  const names = columnNames(table).map((name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} ${times}`;
  });
  const value = (cell: Cell | undefined): Cell =>
    typeof cell === 'number' && !Number.isFinite(cell) ? String(cell) : (cell ?? null);
  const rows = table.rows.map((row) => Object.fromEntries(names.map((n, i) => [n, value(row[i])])));
  return `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`;
}

/** As spreadsheets take it from a clipboard. */
export function toTsv(table: Table): string {
  const cell = (value: Cell): string =>
    value === null ? '' : String(value).replace(/[\t\r\n]/g, ' ');
  return [columnNames(table), ...table.rows].map((r) => r.map(cell).join('\t')).join('\n');
}
