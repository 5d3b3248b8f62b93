/**
 * One picture of a page: heading, a caption, the chart, a sentence that says the same, and its figures
 * as a table. The chart is drawn anew when its width or its data change; the table only while it is
 * open. All of it can be exported.
 */
import { toElement, type SvgNode } from '../charts/svg.ts';
import { el, type Child } from './dom.ts';
import { exportMenu } from './export-menu.ts';
import type { Output } from './output.ts';
import type { SharedStrings } from './strings.ts';
import type { Table } from './table.ts';
import { TableDetails } from './table-details.ts';

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

/** Narrower than this nothing can be drawn. */
const narrowest = 60;

export class Figure {
  readonly element: HTMLElement;
  private readonly box = el('div', { class: 'chart' });
  private readonly sentence = el('p', { class: 'sentence' });
  private readonly details: TableDetails;
  private drawing: Drawing | undefined;
  private drawn = 0;
  private frame = 0;

  constructor(parts: FigureParts, t: SharedStrings, out: Output) {
    const { id, heading, caption } = parts;
    this.details = new TableDetails(heading, () => this.drawing?.table(), t);
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
      this.details.element,
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
    this.details.element.hidden = false;
    this.redraw();
    this.details.refresh();
  }

  /** Says why there is no picture. */
  fail(text: string): void {
    this.drawing = undefined;
    this.sentence.textContent = text;
    this.details.element.hidden = true;
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
}
