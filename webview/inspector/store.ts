/**
 * Statistics and small histograms of layers, read in the background: those on the screen first, then
 * all others in the model's order. One question at a time, so that a finger never waits for them.
 */
import { pageBins } from '../../src/engine/protocol-page.ts';
import type {
  LayerMeasure,
  LayerSummary,
  LinearHistogram,
  ViewOverview,
} from '../../src/engine/protocol-view.ts';
import { Abandoned, type Ask } from './asker.ts';

/** Weights that are read with one question. */
const batchWeights = 2 ** 21;
const batchLayers = 256;

export class Store {
  readonly measures = new Map<number, LayerMeasure>();
  readonly failed = new Map<number, string>();
  readonly sparks = new Map<number, LinearHistogram | null>();
  private wanted: readonly number[] = [];
  private readonly control = new AbortController();
  private cursor = 0;
  private readonly readable: readonly LayerSummary[];

  constructor(
    readonly overview: ViewOverview,
    private readonly ask: Ask,
    private readonly onChange: () => void,
    /** The worker answers, and not what a file holds of the model. */
    readonly live = true,
  ) {
    this.readable = overview.layers.filter((l) => l.hidden === '');
  }

  get total(): number {
    return this.readable.length;
  }
  get done(): number {
    return this.measures.size + this.failed.size;
  }
  get complete(): boolean {
    return this.done >= this.total;
  }

  start(): void {
    void this.run(() => this.nextMeasures());
    void this.run(() => this.nextSpark());
  }

  stop(): void {
    this.control.abort();
    this.wake();
  }

  /** Layers on the screen, the first to be read. */
  want(layers: readonly number[]): void {
    this.wanted = layers;
    this.wake();
  }

  private sleepers: (() => void)[] = [];
  private wake(): void {
    const sleepers = this.sleepers;
    this.sleepers = [];
    for (const wake of sleepers) wake();
  }

  private async run(next: () => Promise<void> | undefined): Promise<void> {
    while (!this.control.signal.aborted) {
      const work = next();
      if (!work) {
        await new Promise<void>((done) => this.sleepers.push(done));
        continue;
      }
      try {
        await work;
      } catch (error) {
        if (error instanceof Abandoned) return;
      }
      this.onChange();
    }
  }

  private nextMeasures(): Promise<void> | undefined {
    const batch: LayerSummary[] = [];
    let weights = 0;
    const add = (layer: LayerSummary | undefined): boolean => {
      if (!layer || layer.hidden !== '' || this.known(layer.layer) || batch.includes(layer))
        return true;
      if (batch.length > 0 && weights + layer.parameters > batchWeights) return false;
      batch.push(layer);
      weights += layer.parameters;
      return batch.length < batchLayers;
    };
    for (const layer of this.wanted) if (!add(this.overview.layers[layer])) break;
    if (batch.length === 0)
      while (this.cursor < this.readable.length && add(this.readable[this.cursor])) this.cursor++;
    if (batch.length === 0) return undefined;
    return this.measure(batch.map((l) => l.layer));
  }

  private known(layer: number): boolean {
    return this.measures.has(layer) || this.failed.has(layer);
  }

  private async measure(layers: readonly number[]): Promise<void> {
    try {
      const { measures, failed } = await this.ask('measure', { layers }, this.control.signal);
      for (const m of measures) this.measures.set(m.layer, m);
      for (const f of failed) this.failed.set(f.layer, f.why);
    } catch (error) {
      if (error instanceof Abandoned) throw error;
      for (const layer of layers) this.failed.set(layer, (error as Error).message);
    }
    for (const layer of layers) if (!this.known(layer)) this.failed.set(layer, '');
  }

  private nextSpark(): Promise<void> | undefined {
    const layer = this.wanted.find(
      (l) => !this.sparks.has(l) && this.overview.layers[l]?.hidden === '' && this.measures.has(l),
    );
    return layer === undefined ? undefined : this.spark(layer);
  }

  private async spark(layer: number): Promise<void> {
    try {
      const query = { layer, scale: 'linear', bins: pageBins.spark } as const;
      const histogram = await this.ask('histogram', query, this.control.signal);
      this.sparks.set(layer, histogram.scale === 'linear' ? histogram : null);
    } catch (error) {
      if (error instanceof Abandoned) throw error;
      this.sparks.set(layer, null);
    }
  }
}
