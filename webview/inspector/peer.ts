/**
 * The model that this one is compared with: which layers belong together, and how far they are apart.
 * Differences are read in the background when somebody wants them, those on the screen first.
 */
import type {
  LayerDifference,
  LayerSummary,
  ViewOverview,
} from '../../src/engine/protocol-view.ts';
import { Abandoned, type Ask } from './asker.ts';
import type { Pair } from './changes.ts';

/** A layer of the other model, and that model's name. */
export interface There {
  readonly layer: LayerSummary;
  readonly name: string;
}

/** Weights that are read with one question. */
const batchWeights = 2 ** 21;
const batchLayers = 128;

export class Peer {
  readonly differences = new Map<number, LayerDifference>();
  readonly failed = new Map<number, string>();
  pairs: readonly Pair[] = [];
  onlyHere: readonly LayerSummary[] = [];
  onlyThere: readonly LayerSummary[] = [];
  /** Why there is nothing to compare. */
  trouble = '';
  private readonly byLayer = new Map<number, Pair>();
  private readonly control = new AbortController();
  private comparable: readonly Pair[] = [];
  private wanted: readonly Pair[] = [];
  /** Somebody wants differences; they are being read. */
  private comparing = false;
  private running = false;

  constructor(
    readonly name: string,
    readonly own: ViewOverview,
    readonly overview: ViewOverview,
    private readonly ask: Ask,
    private readonly onChange: () => void,
  ) {}

  /** Finds out what belongs together. */
  async start(): Promise<void> {
    try {
      const found = await this.ask('pairs', {}, this.control.signal, 'both');
      const here = (at: number): LayerSummary => this.own.layers[at]!;
      const there = (at: number): LayerSummary => this.overview.layers[at]!;
      this.pairs = found.pairs.map(({ layer, other, why }) => ({
        ...{ layer: here(layer), other: there(other), why },
      }));
      this.onlyHere = found.onlyHere.map(here);
      this.onlyThere = found.onlyThere.map(there);
      for (const pair of this.pairs) this.byLayer.set(pair.layer.layer, pair);
      this.comparable = this.pairs.filter((p) => p.why === '' && p.layer.hidden === '');
    } catch (error) {
      if (error instanceof Abandoned) return;
      this.trouble = (error as Error).message;
    }
    this.onChange();
    if (this.comparing) void this.run();
  }

  stop(): void {
    this.control.abort();
  }

  /** The layer of the other model that a layer can be compared with. */
  partner(layer: number): LayerSummary | undefined {
    const pair = this.byLayer.get(layer);
    return pair?.why === '' && pair.layer.hidden === '' ? pair.other : undefined;
  }

  get total(): number {
    return this.comparable.length;
  }
  get done(): number {
    return this.differences.size + this.failed.size;
  }
  get complete(): boolean {
    return this.done >= this.total;
  }

  /** Begins to read differences; these pairs first. */
  want(pairs: readonly Pair[]): void {
    this.wanted = pairs;
    this.comparing = true;
    void this.run();
  }

  private async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    await this.compareAll();
    this.running = false;
  }

  private async compareAll(): Promise<void> {
    for (let batch = this.next(); batch.length > 0; batch = this.next()) {
      const pairs = batch.map((p) => ({ layer: p.layer.layer, other: p.other.layer }));
      try {
        const { differences, failed } = await this.ask(
          'difference',
          { pairs },
          this.control.signal,
          'both',
        );
        for (const d of differences) this.differences.set(d.layer, d);
        for (const f of failed) this.failed.set(f.layer, f.why);
      } catch (error) {
        if (error instanceof Abandoned) return;
        for (const { layer } of pairs) this.failed.set(layer, (error as Error).message);
      }
      for (const { layer } of pairs) if (!this.known(layer)) this.failed.set(layer, '');
      this.onChange();
    }
  }

  private known(layer: number): boolean {
    return this.differences.has(layer) || this.failed.has(layer);
  }

  private next(): readonly Pair[] {
    const batch: Pair[] = [];
    let weights = 0;
    for (const from of [this.wanted, this.comparable])
      for (const pair of from) {
        if (pair.why !== '' || pair.layer.hidden !== '' || this.known(pair.layer.layer)) continue;
        if (batch.includes(pair)) continue;
        const full = batch.length > 0 && weights + pair.layer.parameters > batchWeights;
        if (full || batch.length >= batchLayers) return batch;
        batch.push(pair);
        weights += pair.layer.parameters;
      }
    return batch;
  }
}
