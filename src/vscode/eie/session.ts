/**
 * The simulations of one panel: the first run of all layers, every move of a knob, sweeps. Results
 * are kept, so that a panel that was hidden shows them again at once. Knows no window: what it has to
 * say goes through `post`.
 */
import type { EieState, FromEie, ToEie } from '../../../webview/eie/messages.ts';
import type { LayerDetail, PageRun } from '../../../webview/eie/data.ts';
import { mergeRun } from '../../../webview/eie/model.ts';
import type { Progress } from '../../engine/protocol.ts';
import type {
  MachineOptions,
  PublishedResult,
  SimulateResult,
  SweepResult,
} from '../../engine/protocol-eie.ts';
import type { Services } from '../services.ts';
import { Latest } from './latest.ts';
import type { SimulateLayers } from '../../engine/protocol-simulate.ts';

/** Bins of the queues' timeline: more than a wide panel can show apart. */
const timelineBins = 256;

type MachineRequest = Extract<FromEie, { type: 'machine' }>;
type SweepRequest = Extract<FromEie, { type: 'sweep' }>;

export class EieSession {
  private readonly closed = new AbortController();
  private layers: SimulateLayers | undefined;
  private run: PageRun | undefined;
  private detail: LayerDetail | undefined;
  private published: PublishedResult | undefined;
  private swept: SweepResult | undefined;
  private sweeping: AbortController | undefined;
  private full: { readonly key: string; readonly result: SimulateResult } | undefined;
  private machine: MachineOptions;
  private layer: number;
  private readonly latest = new Latest<Pick<MachineRequest, 'machine' | 'layer' | 'request'>>(
    (request, superseded) => this.turn(request, superseded),
    (error, { request }) => this.fail(error, request),
  );

  /**
   * @param start machine and layer to begin with; layer -1: the one that takes the longest
   * @param line what a failure is called, in one line; undefined for one nobody needs to hear of
   */
  constructor(
    private readonly engine: Services['engine'],
    private readonly describe: () => Promise<SimulateLayers>,
    private readonly post: (message: ToEie) => void,
    private readonly line: (error: unknown) => string | undefined,
    start: Pick<EieState, 'machine' | 'layer'>,
  ) {
    this.machine = start.machine;
    this.layer = start.layer;
  }

  /** Result of the latest complete run, arrays included. */
  get result(): SimulateResult | undefined {
    return this.full?.result;
  }

  get ready(): boolean {
    return this.run !== undefined;
  }

  /** The first run: all layers, this machine's own products included. */
  async load(
    signal: AbortSignal,
    onProgress: (progress: Progress) => void,
  ): Promise<SimulateResult> {
    const layers = (this.layers = await this.describe());
    const both = AbortSignal.any([signal, this.closed.signal]);
    const { machine } = this;
    const result = await this.engine.run(
      'simulate',
      { ...layers, machine, measureHost: true },
      { signal: both, onProgress },
    );
    this.published ??= await this.engine.run('published', {}, { signal: both });
    this.full = { key: JSON.stringify(machine), result };
    this.run = withoutArrays(result);
    if (!result.layers.some((l) => l.index === this.layer)) this.layer = longest(result);
    this.detail = undefined;
    this.show();
    if (result.layers.length > 0) void this.latest.set({ machine, layer: this.layer, request: 0 });
    return result;
  }

  /** Everything there is, for a page that has just been made. */
  show(): void {
    if (this.published) this.post({ type: 'published', published: this.published });
    if (this.run)
      this.post({
        type: 'run',
        run: this.run,
        ...(this.detail && { detail: this.detail }),
        layer: this.layer,
        request: 0,
        partial: false,
      });
    if (this.swept) this.post({ type: 'swept', result: this.swept });
  }

  /** A knob was turned, or another layer chosen. */
  set(request: MachineRequest): void {
    this.machine = request.machine;
    this.layer = request.layer;
    if (this.layers) void this.latest.set(request);
  }

  async sweep({ axes, machine, layer }: SweepRequest): Promise<void> {
    if (!this.layers) return;
    this.sweeping?.abort();
    const mine = (this.sweeping = new AbortController());
    try {
      const result = await this.engine.run(
        'sweep',
        { ...this.layers, machine, axes, ...(layer !== null && { layers: [layer] }) },
        {
          signal: AbortSignal.any([mine.signal, this.closed.signal]),
          onProgress: ({ fraction, stage, layer: name }) => {
            if (this.sweeping === mine)
              this.post({ type: 'sweeping', fraction, line: name ? `${name}: ${stage}` : stage });
          },
        },
      );
      if (this.sweeping === mine) this.post({ type: 'swept', result: (this.swept = result) });
    } catch (error) {
      const line = this.line(error) ?? '';
      if (this.sweeping === mine) this.post({ type: 'sweepEnded', message: line });
    }
  }

  cancelSweep(): void {
    this.sweeping?.abort();
  }

  dispose(): void {
    this.latest.clear();
    this.closed.abort();
  }

  /** The chosen layer first, with its arrays: that is what is looked at; then all layers. */
  private async turn(
    { machine, layer, request }: Pick<MachineRequest, 'machine' | 'layer' | 'request'>,
    superseded: () => boolean,
  ): Promise<void> {
    const { layers } = this;
    if (!layers) return;
    const { signal } = this.closed;
    const key = JSON.stringify(machine);
    const one = await this.engine.run(
      'simulate',
      { ...layers, machine, layers: [layer], timelineBins },
      { signal },
    );
    const alone = one.available.length <= 1;
    const found = one.layers.find((l) => l.index === layer);
    if (found) this.detail = { index: found.index, perPe: found.perPe, timeline: found.timeline };
    this.keep(one, !alone, request, this.detail);
    if (alone) this.full = { key, result: one };
    if (alone || superseded() || key === this.full?.key) return;
    const all = await this.engine.run('simulate', { ...layers, machine }, { signal });
    this.full = { key, result: all };
    if (!superseded()) this.keep(all, false, request, undefined);
  }

  private keep(
    result: SimulateResult,
    partial: boolean,
    request: number,
    detail: LayerDetail | undefined,
  ): void {
    const run = withoutArrays(result);
    this.run = mergeRun(this.run, run, partial);
    this.post({ type: 'run', run, ...(detail && { detail }), layer: this.layer, request, partial });
  }

  private fail(error: unknown, request: number): void {
    const line = this.line(error);
    if (line !== undefined && !this.closed.signal.aborted)
      this.post({ type: 'error', message: line, request });
  }
}

/** Index of the layer that takes most of an inference. */
function longest({ layers }: SimulateResult): number {
  const time = (l: (typeof layers)[number]): number => l.timeUs * (l.runsPerInference ?? 1);
  return layers.reduce((a, b) => (!a || time(b) > time(a) ? b : a), layers[0])?.index ?? 0;
}

/** A run as the page lists it: no arrays. */
export function withoutArrays(result: SimulateResult): PageRun {
  return {
    ...result,
    layers: result.layers.map(({ perPe: _perPe, timeline: _timeline, ...layer }) => layer),
  };
}

/** As `deepc simulate --json` prints it: arrays as lists. */
export function toJson(result: SimulateResult): string {
  const list = (_: string, value: unknown): unknown =>
    ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value;
  return `${JSON.stringify(result, list, 2)}\n`;
}
