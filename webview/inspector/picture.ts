/**
 * A picture of a layer: heading, what it is, the chart, and its figures as a table that is built when
 * it is opened. Redrawn when its width changes; saved as SVG or CSV by the host.
 */
import { toElement, type SvgNode } from '../charts/svg.ts';
import { standaloneSvg, toCsv } from '../ui/export.ts';
import { tableBox, type Table } from '../ui/table.ts';
import { el, type Child } from '../ui/dom.ts';
import type { SaveFormat } from './messages.ts';
import type { InspectorStrings } from './strings.ts';

export type Save = (name: string, format: SaveFormat, content: string | ArrayBuffer) => void;

/** Rows of a table behind a picture that are shown; the CSV has all. */
const shownRows = 500;

export class Picture {
  readonly element: HTMLElement;
  readonly box = el('div', { class: 'chart' });
  private readonly sentence = el('p', { class: 'sentence' });
  private readonly details: HTMLDetailsElement;
  private drawing: { draw: (width: number) => SvgNode; table: () => Table } | undefined;
  private drawn = 0;
  onDraw: (() => void) | undefined;

  constructor(
    id: string,
    private readonly heading: string,
    hint: string,
    tools: readonly Child[],
    private readonly t: InspectorStrings,
    save: Save,
  ) {
    this.details = el('details', { class: 'data' }, el('summary', {}, t.asTable));
    this.details.addEventListener('toggle', () => this.fillTable());
    const button = (label: string, run: () => void): HTMLElement => {
      const made = el(
        'button',
        { type: 'button', class: 'link', 'aria-label': `${label}: ${heading}` },
        label,
      );
      made.addEventListener('click', run);
      return made;
    };
    this.element = el(
      'section',
      { 'aria-labelledby': `${id}-heading` },
      el(
        'div',
        { class: 'section-head' },
        el('h3', { id: `${id}-heading` }, heading),
        el(
          'div',
          { class: 'tools' },
          ...tools,
          button(t.saveSvg, () => {
            const svg = this.box.querySelector('svg');
            if (svg) save(id, 'svg', standaloneSvg(svg));
          }),
          button(t.saveCsv, () => {
            if (this.drawing) save(id, 'csv', toCsv(this.drawing.table()));
          }),
        ),
      ),
      hint ? el('p', { class: 'muted' }, hint) : null,
      this.sentence,
      this.box,
      this.details,
    );
    new ResizeObserver(() => {
      if (Math.floor(this.box.clientWidth) !== this.drawn) this.redraw();
    }).observe(this.box);
  }

  update(summary: string, draw: (width: number) => SvgNode, table: () => Table): void {
    this.sentence.textContent = summary;
    this.drawing = { draw, table };
    this.redraw();
    this.fillTable();
  }

  fail(text: string): void {
    this.drawing = undefined;
    this.sentence.textContent = text;
    this.box.replaceChildren();
  }

  redraw(): void {
    const width = Math.floor(this.box.clientWidth);
    if (width < 60 || !this.drawing) return;
    this.drawn = width;
    this.box.replaceChildren(toElement(this.drawing.draw(width)));
    this.onDraw?.();
  }

  private fillTable(): void {
    this.details.querySelector('.table-box')?.remove();
    if (!this.details.open || !this.drawing) return;
    const { columns, rows } = this.drawing.table();
    this.details.append(
      tableBox({ columns, rows: rows.slice(0, shownRows) }, `${this.heading}: ${this.t.asTable}`),
    );
  }
}
