/**
 * The heatmap of a layer's weights: a stage that wheel, drag and keys move, and a cell cursor that
 * reads single weights, also for those who do not see them.
 */
import { heatThemes } from '../../charts/heatmap.ts';
import { pageTile } from '../../../src/engine/protocol-page.ts';
import type { LayoutSummary, Marginals } from '../../../src/engine/protocol-view.ts';
import { el, fill } from '../../ui/dom.ts';
import { formatExact } from '../../ui/format.ts';
import { onTheme, themeKind } from '../../ui/theme.ts';
import type { Ask } from '../asker.ts';
import type { InspectorStrings } from '../strings.ts';
import { listen, zoomStep } from './gestures.ts';
import type { HeatMemory } from './place.ts';
import { paintCursor, paintMarginals, paintTiles, strip, type HeatColours } from './paint.ts';
import { readingOf, tileOf, type Cell } from './reading.ts';
import { HeatTiles, type Shows } from './tiles.ts';
import { HeatViewport, largestCell } from './viewport.ts';

/** A stage smaller than this shows nothing. */
const smallest = 40;
/** Milliseconds of rest after which a place is kept. */
const rest = 150;

export class HeatmapView {
  readonly element: HTMLElement;
  readonly canvas = el('canvas', {});
  private readonly stage: HTMLElement;
  private readonly live = el('p', { class: 'reading', 'aria-live': 'polite' });
  private readonly blocks = el('span', { class: 'muted' });
  private readonly view: HeatViewport;
  private readonly tiles: HeatTiles;
  private readonly control = new AbortController();
  private marginals: Marginals | undefined;
  private colours: HeatColours | undefined;
  private cursor: Cell = { row: 0, col: 0 };
  private resting: number | undefined;
  private width = 0;
  private height = 0;
  private frame = 0;

  constructor(
    layer: number,
    private readonly layout: LayoutSummary,
    private shows: Shows,
    most: () => number,
    ask: Ask,
    private readonly t: InspectorStrings,
    private readonly memory: HeatMemory,
    private readonly onCursor: (row: number, col: number) => void,
  ) {
    this.view = new HeatViewport(layout);
    const { place } = memory;
    if (place?.layout === layout.kind) {
      this.cursor = this.within(place);
      if (place.zoom) this.view.restore(place.zoom);
    }
    this.tiles = new HeatTiles(
      layer,
      layout,
      ask,
      () => ({ shows: this.shows, most: most(), theme: heatThemes[themeKind()] }),
      {
        arrived: () => {
          this.draw();
          this.read();
        },
        failed: (why) => (this.live.textContent = fill(t.notAvailable, why)),
      },
    );
    const label = fill(t.heatmapLabel, formatExact(layout.rows), formatExact(layout.cols));
    this.stage = el(
      'div',
      {
        class: 'stage',
        tabindex: 0,
        role: 'application',
        'aria-roledescription': t.heatmapRole,
        'aria-label': `${label}. ${t.heatmapHint}`,
      },
      this.canvas,
    );
    // a few rows leave no empty stage below them
    this.stage.style.maxHeight = `${strip + layout.rows * largestCell + 2}px`;
    this.element = el('div', { class: 'heat' }, this.stage, this.foot());
    new ResizeObserver(() => this.resize()).observe(this.stage);
    this.stage.addEventListener('focus', () => this.draw());
    this.stage.addEventListener('blur', () => this.draw());
    listen(this.stage, {
      pan: (x, y) => this.change(() => this.view.pan(x, y)),
      zoom: (factor, at) => this.zoom(factor, at),
      fit: () => this.change(() => this.view.fit()),
      point: (x, y) => this.move(this.view.weightAt(x - strip, y - strip)),
      step: (rows, cols) => {
        const by = 2 ** this.range().level;
        this.move({ row: this.cursor.row + rows * by, col: this.cursor.col + cols * by });
      },
    });
    this.control.signal.addEventListener(
      'abort',
      onTheme(() => this.retheme()),
    );
    this.retheme();
    void ask('marginals', { layer, layout: layout.kind }, this.control.signal)
      .then((m) => {
        this.marginals = m;
        this.draw();
      })
      .catch(() => undefined); // the tiles say what is wrong
  }

  get at(): Cell {
    return this.cursor;
  }

  stop(): void {
    if (this.resting !== undefined) this.remember();
    this.control.abort();
    this.tiles.stop();
  }

  set show(shows: Shows) {
    this.shows = shows;
    this.repaint();
  }

  /** The scale of colours is known now. */
  repaint(): void {
    this.tiles.repaint();
    this.draw();
  }

  private foot(): HTMLElement {
    const { t } = this;
    const button = (text: string, label: string, run: () => void): HTMLElement => {
      const made = el(
        'button',
        { type: 'button', class: 'secondary tool', 'aria-label': label, title: label },
        text,
      );
      made.addEventListener('click', run);
      return made;
    };
    return el(
      'div',
      { class: 'heat-foot' },
      this.live,
      el(
        'div',
        { class: 'zooms' },
        this.blocks,
        button('−', t.zoomOut, () => this.zoom(1 / zoomStep)),
        button('+', t.zoomIn, () => this.zoom(zoomStep)),
        button(t.fit, t.fit, () => this.change(() => this.view.fit())),
      ),
    );
  }

  private retheme(): void {
    const style = getComputedStyle(document.body);
    const read = (name: string): string => style.getPropertyValue(name).trim() || style.color;
    this.colours = {
      ink: style.color,
      muted: read('--vscode-descriptionForeground'),
      focus: read('--vscode-focusBorder'),
      paper: style.backgroundColor,
      font: style.fontFamily,
    };
    this.repaint();
  }

  private resize(): void {
    const width = Math.floor(this.stage.clientWidth);
    const height = Math.floor(this.stage.clientHeight);
    if (width < smallest || (width === this.width && height === this.height)) return;
    this.width = width;
    this.height = height;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.view.resize(width - strip, height - strip);
    this.draw();
  }

  private change(move: () => void): void {
    move();
    this.draw();
    clearTimeout(this.resting);
    this.resting = window.setTimeout(() => this.remember(), rest);
  }

  private remember(): void {
    clearTimeout(this.resting);
    this.resting = undefined;
    this.memory.keep({ layout: this.layout.kind, ...this.cursor, zoom: this.view.zoomed });
  }

  private zoom(factor: number, at?: { readonly x: number; readonly y: number }): void {
    const { view, cursor } = this;
    const x = at ? at.x - strip : (cursor.col + 0.5 - view.left) * view.sx;
    const y = at ? at.y - strip : (cursor.row + 0.5 - view.top) * view.sy;
    this.change(() => view.zoom(factor, x, y));
  }

  /** Puts the cell cursor somewhere and reads what is there. */
  private move(to: Cell): void {
    const { row, col } = (this.cursor = this.within(to));
    this.change(() => this.view.reveal(row, col));
    this.onCursor(row, col);
    this.read();
  }

  private within({ row, col }: Cell): Cell {
    const { rows, cols } = this.layout;
    return {
      row: Math.min(rows - 1, Math.max(0, row)),
      col: Math.min(cols - 1, Math.max(0, col)),
    };
  }

  private read(): void {
    const { level } = this.range();
    const { x, y } = tileOf(this.cursor, level, pageTile);
    const tile = this.tiles.get(level, x, y);
    this.live.textContent = tile
      ? readingOf(this.cursor, tile, this.layout, this.t)
      : this.t.reading;
  }

  private range() {
    return this.view.tiles(devicePixelRatio || 1);
  }

  private draw(): void {
    if (this.control.signal.aborted) return;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.render();
    });
  }

  private render(): void {
    const context = this.canvas.getContext('2d');
    const { colours, view, t } = this;
    if (!context || !colours || this.width < smallest || this.control.signal.aborted) return;
    const ratio = devicePixelRatio || 1;
    const range = this.range();
    const frame = { context, view, colours };
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    const missing = this.tiles.want(range);
    paintTiles(frame, range, this.tiles);
    if (this.marginals) paintMarginals(frame, this.marginals);
    if (document.activeElement === this.stage) paintCursor(frame, this.cursor, range.level);
    const size = range.level === 0 ? t.oneWeight : fill(t.blockIs, formatExact(2 ** range.level));
    this.blocks.textContent = this.layout.finest ? `${size}. ${t.coarse}` : size;
    this.stage.dataset['level'] = String(range.level);
    this.stage.dataset['missing'] = String(missing);
  }
}
