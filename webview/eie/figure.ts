/**
 * One picture of the panel: heading, a caption that names the paper's figure, the chart, a sentence
 * that says the same, and its figures as a table. The chart is drawn anew when its width or its data
 * change; the table only while it is open. Saved as SVG, PNG or CSV by the host.
 */
import { toElement, type SvgNode } from '../charts/svg.ts';
import { el, type Child } from '../ui/dom.ts';
import { tableBox, type Table } from '../ui/table.ts';
import type { EieStrings } from './strings.ts';

export interface Drawing {
  /** Says what the chart shows, in one or two sentences; shown, and read instead of the picture. */
  readonly summary: string;
  readonly draw: (width: number) => SvgNode;
  readonly table: () => Table;
}

export interface FigureParts {
  readonly id: string;
  readonly heading: string;
  readonly caption: string;
  /** Between caption and chart: a legend, a choice. */
  readonly tools?: readonly Child[];
}

export type SaveFormat = 'csv' | 'svg' | 'png';
export type Save = (
  name: string,
  format: SaveFormat,
  svg: SVGElement | undefined,
  table: Table,
) => void;

export class Figure {
  readonly element: HTMLElement;
  private readonly box = el('div', { class: 'chart' });
  private readonly sentence = el('p', { class: 'sentence' });
  private readonly details: HTMLDetailsElement;
  private drawing: Drawing | undefined;
  private drawn = 0;
  private frame = 0;

  constructor(parts: FigureParts, t: EieStrings, save: Save) {
    const { id, heading } = parts;
    this.details = el('details', { class: 'data' }, el('summary', {}, t.asTable));
    this.details.addEventListener('toggle', () => this.fillTable());
    const buttons = (['svg', 'png', 'csv'] as const).map((format) => {
      const name = format.toUpperCase();
      const button = el(
        'button',
        { type: 'button', class: 'save', 'aria-label': `${t.save} ${name}: ${heading}` },
        name,
      );
      button.addEventListener('click', () => {
        if (this.drawing)
          save(id, format, this.box.querySelector('svg') ?? undefined, this.drawing.table());
      });
      return button;
    });
    this.element = el(
      'section',
      { class: 'figure-block', id, 'aria-labelledby': `${id}-heading` },
      el(
        'div',
        { class: 'figure-head' },
        el('h3', { id: `${id}-heading` }, heading),
        el(
          'div',
          { class: 'saves', role: 'group', 'aria-label': `${t.save}: ${heading}` },
          el('span', { 'aria-hidden': 'true' }, t.save),
          ...buttons,
        ),
      ),
      el('p', { class: 'caption' }, parts.caption),
      ...(parts.tools ?? []),
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
    this.redraw();
    if (this.details.open) this.fillTable();
  }

  set hidden(hidden: boolean) {
    this.element.hidden = hidden;
  }

  private redraw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const width = Math.floor(this.box.clientWidth);
      if (width < 60 || !this.drawing) return;
      this.drawn = width;
      this.box.replaceChildren(toElement(this.drawing.draw(width)));
    });
  }

  private fillTable(): void {
    this.details.querySelector('.table-box')?.remove();
    if (!this.details.open || !this.drawing) return;
    this.details.append(
      tableBox(this.drawing.table(), this.element.querySelector('h3')?.textContent ?? ''),
    );
  }
}
