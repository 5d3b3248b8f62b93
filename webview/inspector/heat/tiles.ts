/**
 * Tiles of one layer: asked for as the screen shows them, painted once into a canvas each, and kept
 * while there is room. A tile that is not there yet has coarser fellows in its place; what the screen
 * left is not waited for.
 */
import {
  densityPixels,
  magnitudePixels,
  valuePixels,
  type HeatTheme,
  type TileRange,
} from '../../charts/heatmap.ts';
import { pageTile } from '../../../src/engine/protocol-page.ts';
import type { LayoutSummary, Tile, Views } from '../../../src/engine/protocol-view.ts';
import { Abandoned, type Ask } from '../asker.ts';

export type Shows = 'density' | 'mean' | 'max';

/** Tiles kept: with canvas and numbers about 1 MB each at the most. */
const kept = 56;

export interface Held {
  readonly tile: Tile;
  readonly canvas: OffscreenCanvas;
  used: number;
}

/** How numbers become colours; `most` ends the scale of magnitudes. */
export interface Painting {
  readonly shows: Shows;
  readonly most: number;
  readonly theme: HeatTheme;
}

export class HeatTiles {
  private readonly held = new Map<string, Held>();
  private readonly asked = new Map<string, AbortController>();
  private tick = 0;
  private stopped = false;

  constructor(
    private readonly layer: number,
    private readonly layout: LayoutSummary,
    private readonly ask: Ask,
    private readonly painting: () => Painting,
    private readonly on: { arrived: () => void; failed: (why: string) => void },
  ) {}

  stop(): void {
    this.stopped = true;
    for (const control of this.asked.values()) control.abort();
    this.asked.clear();
    this.held.clear();
  }

  repaint(): void {
    for (const held of this.held.values()) this.paint(held);
  }

  get(level: number, x: number, y: number): Tile | undefined {
    return this.held.get(keyOf(level, x, y))?.tile;
  }

  /** Asks for what is missing and gives up what is not wanted any more. @returns how many are missing */
  want({ level, x0, x1, y0, y1 }: TileRange): number {
    this.tick++;
    const needed = new Set<string>();
    let missing = 0;
    for (let y = y0; y < y1; y++)
      for (let x = x0; x < x1; x++) {
        const key = keyOf(level, x, y);
        needed.add(key);
        if (this.held.has(key)) continue;
        missing++;
        if (!this.asked.has(key)) this.fetch(key, level, x, y);
      }
    for (const [key, control] of this.asked)
      if (!needed.has(key)) {
        this.asked.delete(key);
        control.abort();
      }
    return missing;
  }

  /** A tile, else the finest that covers its place, and how many levels above it is. */
  best(
    level: number,
    x: number,
    y: number,
  ): { readonly held: Held; readonly up: number } | undefined {
    for (let up = 0; level + up <= Math.max(level, this.layout.topLevel); up++) {
      const held = this.held.get(keyOf(level + up, x >> up, y >> up));
      if (!held) continue;
      held.used = this.tick;
      return { held, up };
    }
    return undefined;
  }

  private fetch(key: string, level: number, x: number, y: number): void {
    const control = new AbortController();
    this.asked.set(key, control);
    this.ask('tile', this.query(level, x, y), control.signal)
      .then((tile) => {
        if (this.asked.get(key) === control) this.asked.delete(key);
        if (this.stopped) return;
        const canvas = new OffscreenCanvas(tile.width, tile.height);
        const held = { tile, canvas, used: this.tick };
        this.paint(held);
        this.held.set(key, held);
        this.evict();
        this.on.arrived();
      })
      .catch((error: unknown) => {
        // left in `asked`: what failed is not asked for again and again
        if (!(error instanceof Abandoned)) this.on.failed((error as Error).message);
        else if (this.asked.get(key) === control) this.asked.delete(key);
      });
  }

  private query(level: number, x: number, y: number): Views['tile']['query'] {
    const channels: Views['tile']['query']['channels'] =
      level === 0 ? ['values'] : ['nonzeros', 'density', 'mean', 'max'];
    return { layer: this.layer, layout: this.layout.kind, level, x, y, size: pageTile, channels };
  }

  private paint({ tile, canvas }: Held): void {
    const { shows, most, theme } = this.painting();
    const pixels = tile.values
      ? valuePixels(tile, most, theme)
      : shows === 'density'
        ? densityPixels(tile, theme)
        : magnitudePixels(tile, shows, most, theme);
    canvas.getContext('2d')?.putImageData(new ImageData(pixels, tile.width, tile.height), 0, 0);
  }

  private evict(): void {
    if (this.held.size <= kept) return;
    const old = [...this.held].sort((a, b) => a[1].used - b[1].used);
    for (const [key] of old.slice(0, this.held.size - kept)) this.held.delete(key);
  }
}

function keyOf(level: number, x: number, y: number): string {
  return `${level} ${x} ${y}`;
}
