/**
 * One picture of a page: heading, a caption, the chart, a sentence that says the same, and its figures
 * as a table. The chart is drawn anew when its width or its data change; the table only while it is
 * open. All of it can be exported.
 */
import { toElement, type SvgNode } from '../charts/svg.ts';
import { el, fill, type Child } from './dom.ts';
import { exportMenu } from './export-menu.ts';
import { formatExact } from './format.ts';
import type { Output } from './output.ts';
import type { SharedStrings } from './strings.ts';
import { tableBox, type Table } from './table.ts';

export interface Drawing {
  /** Says what the chart shows, in one or two sentences; shown, and read instead of the picture. */
  readonly summary: string;
  readonly draw: (width: number) => SvgNode;
  readonly table: () => Table;
}

export interface FigureParts {
  /** Of the section, and the name of its files. */
  readonly id: string;
  readonly heading: string;
  readonly caption: string;
  /** Beside the heading. */
  readonly tools?: readonly Child[];
  /** Between caption and chart: a legend, a choice. */
  readonly legend?: readonly Child[];
}

/** Rows of a table that are shown; an exported one has all. */
const shownRows = 500;
/** Narrower than this nothing can be drawn. */
const narrowest = 60;

export class Figure {
  readonly element: HTMLElement;
  private readonly box = el('div', { class: 'chart' });
  private readonly sentence = el('p', { class: 'sentence' });
  private readonly details: HTMLDetailsElement;
  private drawing: Drawing | undefined;
  private drawn = 0;
  private frame = 0;

  constructor(
    private readonly parts: FigureParts,
    private readonly t: SharedStrings,
    out: Output,
  ) {
    const { id, heading, caption } = parts;
    this.details = el('details', { class: 'data' }, el('summary', {}, t.asTable));
    this.details.addEventListener('toggle', () => this.fillTable());
    const menu = exportMenu(
      {
        ...{ name: id, heading },
        svg: () => this.box.querySelector('svg') ?? undefined,
        table: () => this.drawing?.table(),
      },
      t,
      out,
    );
    this.element = el(
      'section',
      { class: 'figure-block', id, 'aria-labelledby': `${id}-heading` },
      el(
        'div',
        { class: 'section-head' },
        el('h3', { id: `${id}-heading` }, heading),
        el('div', { class: 'tools' }, ...(parts.tools ?? []), menu),
      ),
      caption ? el('p', { class: 'caption' }, caption) : null,
      ...(parts.legend ?? []),
      this.sentence,
      this.box,
      this.details,
    );
    new ResizeObserver(() => {
      if (Math.floor(this.box.clientWidth) !== this.drawn) this.redraw();
    }).observe(this.box);
  }

  /** Shows other data; several calls in one frame draw once. */
  update(drawing: Drawing): void {
    this.drawing = drawing;
    // a figure stays with its unit
    this.sentence.textContent = drawing.summary.replace(
      /(\d) (?=(?:%|[µnm]?[sJ]|k?B|KB|mm²)(?![a-z]))/g,
      '$1\u00a0',
    );
    this.details.hidden = false;
    this.redraw();
    this.fillTable();
  }

  /** Says why there is no picture. */
  fail(text: string): void {
    this.drawing = undefined;
    this.sentence.textContent = text;
    this.details.hidden = true;
    this.redraw();
  }

  set hidden(hidden: boolean) {
    this.element.hidden = hidden;
  }

  private redraw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const width = Math.floor(this.box.clientWidth);
      if (!this.drawing) return this.box.replaceChildren();
      if (width < narrowest) return;
      this.drawn = width;
      this.box.replaceChildren(toElement(this.drawing.draw(width)));
    });
  }

  private fillTable(): void {
    while (this.details.lastElementChild !== this.details.firstElementChild)
      this.details.lastElementChild?.remove();
    if (!this.details.open || !this.drawing) return;
    const { columns, rows } = this.drawing.table();
    const { heading } = this.parts;
    if (rows.length > shownRows)
      this.details.append(
        el('p', {}, fill(this.t.someRows, formatExact(shownRows), formatExact(rows.length))),
      );
    this.details.append(
      tableBox({ columns, rows: rows.slice(0, shownRows) }, `${heading}: ${this.t.asTable}`),
    );
  }
}
