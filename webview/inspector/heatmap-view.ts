/**
 * The canvas of a layer's weights: tiles are asked for as the screen shows them, kept while there is
 * room, and drawn with their coarser fellows in their place until they are there. Wheel, drag and
 * keys move; a cell cursor reads single weights, also for those who do not see them.
 */
import {
  densityPixels,
  heatThemes,
  magnitudePixels,
  valuePixels,
  visibleTiles,
  type HeatTheme,
} from '../charts/heatmap.ts';
import type { LayoutSummary, Marginals, Tile } from '../../src/engine/protocol-view.ts';
import { el, fill } from '../ui/dom.ts';
import { formatExact, formatSmall } from '../ui/format.ts';
import type { Ask } from './asker.ts';
import type { InspectorStrings } from './strings.ts';

export type Shows = 'density' | 'mean' | 'max';

const size = 256;
/** Of marginals at the left and on top. */
const strip = 34;
const largestCell = 56;
/** Pixels that the short side of a matrix takes at least. */
const thinnest = 150;
/** Tiles kept: with canvas and numbers about 1 MB each at the most. */
const keptTiles = 56;

interface Held {
  readonly tile: Tile;
  readonly canvas: OffscreenCanvas;
  used: number;
}

export class HeatmapView {
  readonly element: HTMLElement;
  readonly canvas = el('canvas', {});
  private readonly stage: HTMLElement;
  private readonly live = el('p', { class: 'reading', 'aria-live': 'polite' });
  private readonly blocks = el('span', { class: 'muted' });
  private readonly held = new Map<string, Held>();
  private readonly asked = new Map<string, AbortController>();
  private readonly control = new AbortController();
  private marginals: Marginals | undefined;
  private theme: HeatTheme = heatThemes.dark;
  private colours = { ink: '#888', muted: '#888', focus: '#888', paper: '#000' };
  private width = 0;
  private height = 0;
  /** Pixels a weight, and the weight at the left top. */
  private sx = 1;
  private sy = 1;
  private left = 0;
  private top = 0;
  private fitted = true;
  private cursor = { row: 0, col: 0 };
  private frame = 0;
  private tick = 0;
  private stopped = false;

  constructor(
    private readonly layer: number,
    private readonly layout: LayoutSummary,
    private shows: Shows,
    private readonly most: () => number,
    private readonly ask: Ask,
    private readonly t: InspectorStrings,
    private readonly onCursor: (row: number, col: number) => void,
  ) {
    const button = (text: string, label: string, run: () => void): HTMLElement => {
      const made = el(
        'button',
        { type: 'button', class: 'tool', 'aria-label': label, title: label },
        text,
      );
      made.addEventListener('click', run);
      return made;
    };
    this.stage = el(
      'div',
      {
        class: 'stage',
        tabindex: 0,
        role: 'application',
        'aria-roledescription': t.heatmapRole,
        'aria-label': `${fill(t.heatmapLabel, formatExact(layout.rows), formatExact(layout.cols))}. ${t.heatmapHint}`,
      },
      this.canvas,
    );
    this.element = el(
      'div',
      { class: 'heat' },
      this.stage,
      el(
        'div',
        { class: 'heat-foot' },
        this.live,
        el(
          'div',
          { class: 'zooms' },
          this.blocks,
          button('−', t.zoomOut, () => this.zoom(1 / 1.6)),
          button('+', t.zoomIn, () => this.zoom(1.6)),
          button(t.fit, t.fit, () => this.fit()),
        ),
      ),
    );
    new ResizeObserver(() => this.resize()).observe(this.stage);
    this.stage.addEventListener('keydown', (event) => this.key(event));
    this.stage.addEventListener('focus', () => this.draw());
    this.stage.addEventListener('blur', () => this.draw());
    this.stage.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    this.dragging();
    const watch = new MutationObserver(() => this.retheme());
    watch.observe(document.body, {
      attributes: true,
      attributeFilter: ['class', 'data-vscode-theme-id'],
    });
    this.control.signal.addEventListener('abort', () => watch.disconnect());
    this.retheme();
    void ask('marginals', { layer, layout: layout.kind }, this.control.signal)
      .then((m) => {
        this.marginals = m;
        this.draw();
      })
      .catch(() => undefined);
  }

  stop(): void {
    this.stopped = true;
    this.control.abort();
    for (const c of this.asked.values()) c.abort();
    this.asked.clear();
    this.held.clear();
  }

  set show(shows: Shows) {
    this.shows = shows;
    this.repaint();
  }

  /** The scale of colours is known now. */
  repaint(): void {
    for (const held of this.held.values()) this.paint(held);
    this.draw();
  }

  private retheme(): void {
    const { classList } = document.body;
    const style = getComputedStyle(document.body);
    const read = (name: string, or: string): string => style.getPropertyValue(name).trim() || or;
    const contrast = classList.contains('vscode-high-contrast');
    const light =
      classList.contains('vscode-light') ||
      classList.contains('vscode-high-contrast-light') ||
      (!classList.contains('vscode-dark') && !contrast && luminance(style.backgroundColor) > 0.5);
    this.theme = light ? heatThemes.light : contrast ? heatThemes.contrast : heatThemes.dark;
    this.colours = {
      ink: style.color,
      muted: read('--vscode-descriptionForeground', style.color),
      focus: read('--vscode-focusBorder', style.color),
      paper: style.backgroundColor,
    };
    this.repaint();
  }

  private get inner(): { readonly width: number; readonly height: number } {
    return { width: Math.max(1, this.width - strip), height: Math.max(1, this.height - strip) };
  }

  private resize(): void {
    const width = Math.floor(this.stage.clientWidth);
    const height = Math.floor(this.stage.clientHeight);
    if (width < 40 || (width === this.width && height === this.height)) return;
    this.width = width;
    this.height = height;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    if (this.fitted) this.fit();
    else this.moved();
  }

  /** Everything on the stage; a thin matrix is made thick enough to be seen. */
  private get least(): { readonly sx: number; readonly sy: number } {
    const { rows, cols } = this.layout;
    const { width, height } = this.inner;
    const scale = Math.min(width / cols, height / rows, largestCell);
    const thick = (room: number, lines: number): number =>
      Math.max(scale, Math.min(largestCell, Math.min(room, thinnest) / lines));
    return { sx: thick(width, cols), sy: thick(height, rows) };
  }

  fit(): void {
    ({ sx: this.sx, sy: this.sy } = this.least);
    this.left = 0;
    this.top = 0;
    this.moved();
    this.fitted = true;
  }

  /** About a point of the stage, else about the cursor. */
  private zoom(factor: number, at?: { readonly x: number; readonly y: number }): void {
    const x = at ? at.x - strip : (this.cursor.col + 0.5 - this.left) * this.sx;
    const y = at ? at.y - strip : (this.cursor.row + 0.5 - this.top) * this.sy;
    const col = this.left + x / this.sx;
    const row = this.top + y / this.sy;
    const least = this.least;
    const small = Math.min(largestCell, Math.min(this.sx, this.sy) * factor);
    // zooming in makes cells square first, where fitting had stretched them
    const next = (s: number, low: number): number =>
      factor > 1 ? Math.max(s, small) : Math.max(low, s * factor);
    this.sx = next(this.sx, least.sx);
    this.sy = next(this.sy, least.sy);
    this.left = col - x / this.sx;
    this.top = row - y / this.sy;
    this.moved();
  }

  private pan(x: number, y: number): void {
    this.left += x / this.sx;
    this.top += y / this.sy;
    this.moved();
  }

  private moved(): void {
    const { rows, cols } = this.layout;
    const { width, height } = this.inner;
    this.fitted = false;
    this.left = Math.max(0, Math.min(cols - width / this.sx, this.left));
    this.top = Math.max(0, Math.min(rows - height / this.sy, this.top));
    this.draw();
  }

  private get level(): number {
    return this.range().level;
  }

  private range() {
    const { width, height } = this.inner;
    const ratio = devicePixelRatio || 1;
    return visibleTiles(
      this.layout,
      {
        left: this.left,
        top: this.top,
        width: width / this.sx,
        height: height / this.sy,
        scale: Math.min(this.sx, this.sy) * ratio,
      },
      size,
    );
  }

  private dragging(): void {
    let last: { x: number; y: number; far: number } | undefined;
    this.stage.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      last = { x: event.clientX, y: event.clientY, far: 0 };
      this.stage.setPointerCapture(event.pointerId);
    });
    this.stage.addEventListener('pointermove', (event) => {
      if (!last) return;
      const [x, y] = [last.x - event.clientX, last.y - event.clientY];
      last = { x: event.clientX, y: event.clientY, far: last.far + Math.abs(x) + Math.abs(y) };
      this.pan(x, y);
    });
    this.stage.addEventListener('pointerup', (event) => {
      if (last && last.far < 4) {
        const box = this.stage.getBoundingClientRect();
        this.move(
          Math.floor(this.top + (event.clientY - box.top - strip) / this.sy),
          Math.floor(this.left + (event.clientX - box.left - strip) / this.sx),
        );
      }
      last = undefined;
    });
    this.stage.addEventListener('pointercancel', () => (last = undefined));
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    if (event.shiftKey) return this.pan(event.deltaY + event.deltaX, 0);
    const box = this.stage.getBoundingClientRect();
    const steps = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    this.zoom(Math.exp(-steps / 300), { x: event.clientX - box.left, y: event.clientY - box.top });
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = 2 ** this.level;
    const arrow = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[
      event.key
    ];
    if (arrow && event.shiftKey) this.pan(arrow[1]! * 80, arrow[0]! * 80);
    else if (arrow)
      this.move(this.cursor.row + arrow[0]! * step, this.cursor.col + arrow[1]! * step);
    else if (event.key === '+' || event.key === '=') this.zoom(1.6);
    else if (event.key === '-' || event.key === '_') this.zoom(1 / 1.6);
    else if (event.key === 'Home') this.fit();
    else return;
    event.preventDefault();
  }

  /** Puts the cell cursor somewhere and reads what is there. */
  private move(row: number, col: number): void {
    const { rows, cols } = this.layout;
    const { width, height } = this.inner;
    row = Math.min(rows - 1, Math.max(0, row));
    col = Math.min(cols - 1, Math.max(0, col));
    this.cursor = { row, col };
    if (col < this.left) this.left = col;
    if (col + 1 > this.left + width / this.sx) this.left = col + 1 - width / this.sx;
    if (row < this.top) this.top = row;
    if (row + 1 > this.top + height / this.sy) this.top = row + 1 - height / this.sy;
    this.onCursor(row, col);
    this.moved();
    this.read();
  }

  private read(): void {
    const { t } = this;
    const { level } = this.range();
    const { row, col } = this.cursor;
    const side = 2 ** level;
    const r = Math.floor(row / side);
    const c = Math.floor(col / side);
    const [x, y] = [Math.floor(c / size), Math.floor(r / size)];
    const tile = this.held.get(keyOf(level, x, y))?.tile;
    if (!tile) {
      this.live.textContent = t.reading;
      return;
    }
    const at = (r - y * size) * tile.width + (c - x * size);
    if (level === 0) {
      const value = tile.values?.[at];
      this.live.textContent = fill(
        t.readValue,
        formatExact(row),
        formatExact(col),
        value === undefined ? '' : exactly(value),
      );
      return;
    }
    const { rows, cols } = this.layout;
    const [r1, c1] = [Math.min(rows, (r + 1) * side), Math.min(cols, (c + 1) * side)];
    this.live.textContent = fill(
      t.readBlock,
      ...[r * side, r1 - 1, c * side, c1 - 1].map(formatExact),
      formatExact(tile.nonzeros?.[at] ?? 0),
      formatExact((r1 - r * side) * (c1 - c * side)),
      formatSmall(tile.mean?.[at] ?? 0),
      formatSmall(tile.max?.[at] ?? 0),
    );
  }

  private draw(): void {
    if (this.stopped) return;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.render();
    });
  }

  private render(): void {
    const context = this.canvas.getContext('2d');
    if (!context || this.width < 40 || this.stopped) return;
    const ratio = devicePixelRatio || 1;
    const { width, height } = this.inner;
    const { rows, cols, cellRows, cellCols } = this.layout;
    const { sx, sy, left, top } = this;
    const range = this.range();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.imageSmoothingEnabled = false;
    context.save();
    context.beginPath();
    context.rect(
      strip,
      strip,
      Math.min(width, (cols - left) * sx),
      Math.min(height, (rows - top) * sy),
    );
    context.clip();
    const needed = new Set<string>();
    this.tick++;
    for (let y = range.y0; y < range.y1; y++)
      for (let x = range.x0; x < range.x1; x++) {
        const key = keyOf(range.level, x, y);
        needed.add(key);
        const held = this.held.get(key);
        if (!held) this.fetch(range.level, x, y);
        this.drawTile(context, held, range.level, x, y);
      }
    for (const [key, control] of this.asked)
      if (!needed.has(key)) {
        this.asked.delete(key);
        control.abort();
      }
    this.drawGrid(context, cellRows, cellCols);
    context.restore();
    this.drawMarginals(context);
    this.drawCursor(context, range.level);
    this.blocks.textContent =
      range.level === 0 ? this.t.oneWeight : fill(this.t.blockIs, formatExact(2 ** range.level));
    this.stage.dataset['level'] = String(range.level);
    this.stage.dataset['missing'] = String([...needed].filter((k) => !this.held.has(k)).length);
  }

  /** A tile, or what a coarser one knows of its place. */
  private drawTile(
    context: CanvasRenderingContext2D,
    held: Held | undefined,
    level: number,
    x: number,
    y: number,
  ): void {
    let source = held;
    let up = 0;
    for (; !source && level + up < this.layout.topLevel;)
      source = this.held.get(keyOf(level + ++up, x >> up, y >> up));
    if (!source) return;
    source.used = this.tick;
    const side = 2 ** level;
    const block = 2 ** up;
    const fromX = (x * size) / block - (x >> up) * size;
    const fromY = (y * size) / block - (y >> up) * size;
    const w = Math.min(size / block, source.tile.width - fromX);
    const h = Math.min(size / block, source.tile.height - fromY);
    if (w <= 0 || h <= 0) return;
    const toX = strip + (x * size * side - this.left) * this.sx;
    const toY = strip + (y * size * side - this.top) * this.sy;
    context.drawImage(
      source.canvas,
      fromX,
      fromY,
      w,
      h,
      toX,
      toY,
      w * block * side * this.sx,
      h * block * side * this.sy,
    );
    if (level === 0 && up === 0 && Math.min(this.sx, this.sy) >= 40)
      this.drawValues(context, source.tile);
  }

  /** Figures in cells that have the room for them. */
  private drawValues(
    context: CanvasRenderingContext2D,
    { values, width, height, x, y }: Tile,
  ): void {
    if (!values) return;
    context.font = `10px ${getComputedStyle(document.body).fontFamily}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.lineWidth = 3;
    context.strokeStyle = this.colours.paper;
    context.fillStyle = this.colours.ink;
    const { width: w, height: h } = this.inner;
    const c0 = Math.max(0, Math.floor(this.left) - x * size);
    const r0 = Math.max(0, Math.floor(this.top) - y * size);
    for (let r = r0; r < Math.min(height, Math.ceil(this.top + h / this.sy) - y * size); r++)
      for (let c = c0; c < Math.min(width, Math.ceil(this.left + w / this.sx) - x * size); c++) {
        const text = short(values[r * width + c]!);
        const cx = strip + (x * size + c + 0.5 - this.left) * this.sx;
        const cy = strip + (y * size + r + 0.5 - this.top) * this.sy;
        context.strokeText(text, cx, cy);
        context.fillText(text, cx, cy);
      }
  }

  private drawGrid(context: CanvasRenderingContext2D, cellRows: number, cellCols: number): void {
    const { width, height } = this.inner;
    context.strokeStyle = this.colours.muted;
    context.globalAlpha = 0.5;
    context.lineWidth = 1;
    context.beginPath();
    if (cellCols > 0 && cellCols * this.sx >= 8)
      for (
        let c = Math.ceil(this.left / cellCols) * cellCols;
        c <= this.left + width / this.sx;
        c += cellCols
      ) {
        const x = Math.round(strip + (c - this.left) * this.sx) + 0.5;
        context.moveTo(x, strip);
        context.lineTo(x, strip + height);
      }
    if (cellRows > 0 && cellRows * this.sy >= 8)
      for (
        let r = Math.ceil(this.top / cellRows) * cellRows;
        r <= this.top + height / this.sy;
        r += cellRows
      ) {
        const y = Math.round(strip + (r - this.top) * this.sy) + 0.5;
        context.moveTo(strip, y);
        context.lineTo(strip + width, y);
      }
    context.stroke();
    context.globalAlpha = 1;
  }

  /** Weights left of every column above, of every row at the left. */
  private drawMarginals(context: CanvasRenderingContext2D): void {
    const m = this.marginals;
    if (!m) return;
    const { width, height } = this.inner;
    const { rows, cols } = this.layout;
    const full = strip - 8;
    context.fillStyle = this.colours.muted;
    const share = (
      sums: Float64Array,
      per: number,
      lines: number,
      across: number,
      from: number,
      to: number,
    ): number => {
      let [sum, count] = [0, 0];
      for (
        let i = Math.floor(from / per);
        i <= Math.floor((to - 1e-9) / per) && i < sums.length;
        i++
      ) {
        sum += sums[i]!;
        count += Math.min(per, lines - i * per) * across;
      }
      return count > 0 ? sum / count : 0;
    };
    const endX = Math.min(width, (cols - this.left) * this.sx);
    const stepX = Math.max(1, this.sx);
    for (let x = 0; x < endX - 0.01; x += stepX) {
      const from = Math.max(0, this.left + x / this.sx);
      const tall =
        full *
        share(
          m.colNonzeros,
          m.colsPer,
          cols,
          rows,
          Math.floor(from + 1e-6),
          Math.max(Math.floor(from + 1e-6) + 1, from + stepX / this.sx),
        );
      if (tall > 0)
        context.fillRect(
          strip + x,
          strip - 4 - tall,
          Math.max(0.75, stepX - (stepX > 4 ? 1 : 0)),
          tall,
        );
    }
    const endY = Math.min(height, (rows - this.top) * this.sy);
    const stepY = Math.max(1, this.sy);
    for (let y = 0; y < endY - 0.01; y += stepY) {
      const from = Math.max(0, this.top + y / this.sy);
      const wide =
        full *
        share(
          m.rowNonzeros,
          m.rowsPer,
          rows,
          cols,
          Math.floor(from + 1e-6),
          Math.max(Math.floor(from + 1e-6) + 1, from + stepY / this.sy),
        );
      if (wide > 0)
        context.fillRect(
          strip - 4 - wide,
          strip + y,
          wide,
          Math.max(0.75, stepY - (stepY > 4 ? 1 : 0)),
        );
    }
  }

  private drawCursor(context: CanvasRenderingContext2D, level: number): void {
    const side = 2 ** level;
    const col = Math.floor(this.cursor.col / side) * side;
    const row = Math.floor(this.cursor.row / side) * side;
    const x = strip + (col - this.left) * this.sx;
    const y = strip + (row - this.top) * this.sy;
    const w = Math.max(6, side * this.sx);
    const h = Math.max(6, side * this.sy);
    if (x + w < strip || y + h < strip || document.activeElement !== this.stage) return;
    for (const [width, colour] of [
      [6, this.colours.paper],
      [3.5, this.colours.ink],
      [1.5, this.colours.focus],
    ] as const) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.strokeRect(x, y, w, h);
    }
  }

  private fetch(level: number, x: number, y: number): void {
    const key = keyOf(level, x, y);
    if (this.asked.has(key)) return;
    const control = new AbortController();
    this.asked.set(key, control);
    const channels =
      level === 0 ? (['values'] as const) : (['nonzeros', 'density', 'mean', 'max'] as const);
    const query = { layer: this.layer, layout: this.layout.kind, level, x, y, size, channels };
    this.ask('tile', query, control.signal)
      .then((tile) => {
        if (this.asked.get(key) === control) this.asked.delete(key);
        if (this.stopped) return;
        const held = {
          tile,
          canvas: new OffscreenCanvas(tile.width, tile.height),
          used: this.tick,
        };
        this.paint(held);
        this.held.set(key, held);
        this.evict();
        this.draw();
        this.read();
      })
      .catch((error: unknown) => {
        // left in `asked`: what failed is not asked for again and again
        if (error instanceof Error && error.name === 'Abandoned') {
          if (this.asked.get(key) === control) this.asked.delete(key);
        } else this.live.textContent = fill(this.t.notAvailable, (error as Error).message);
      });
  }

  private paint({ tile, canvas }: Held): void {
    const pixels = tile.values
      ? valuePixels(tile, this.most(), this.theme)
      : this.shows === 'density'
        ? densityPixels(tile, this.theme)
        : magnitudePixels(tile, this.shows, this.most(), this.theme);
    canvas.getContext('2d')?.putImageData(new ImageData(pixels, tile.width, tile.height), 0, 0);
  }

  private evict(): void {
    if (this.held.size <= keptTiles) return;
    const old = [...this.held].sort((a, b) => a[1].used - b[1].used);
    for (const [key] of old.slice(0, this.held.size - keptTiles)) this.held.delete(key);
  }
}

function keyOf(level: number, x: number, y: number): string {
  return `${level} ${x} ${y}`;
}

/** A float's shortest decimal. */
export function exactly(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(8))) : String(value);
}

function short(value: number): string {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  const text =
    Math.abs(value) >= 1e-3 && Math.abs(value) < 1000
      ? String(Number(value.toPrecision(3)))
      : value.toExponential(1);
  return text.replace('-0.', '-.').replace(/^0\./, '.');
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = (colour.match(/\d+(\.\d+)?/g) ?? []).map(Number);
  return (0.3 * r + 0.6 * g + 0.1 * b) / 255;
}
