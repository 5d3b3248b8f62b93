/**
 * One open model and everything that can be asked of it. What was computed is kept: small results
 * for as long as the model is open, large ones (pyramids, tiles, decoded blocks) in the cache that
 * all open models share. Two askers of the same thing wait for one computation.
 */
import type { LayerStatistics } from '../compress/statistics.ts';
import { bitsOf } from '../model/dtype.ts';
import { DeepCompressionError } from '../model/errors.ts';
import type { Tensor } from '../model/model.ts';
import { bytesHeld, type ByteCache } from './cache.ts';
import { codebookErrors, distinctCodebook, storedCodebook } from './codebook.ts';
import { CodeBench, CodedLayer } from './coded-layer.ts';
import { difference, pairLayers } from './compare.ts';
import { flowOf, type NamedFlow } from './flow.ts';
import type { Grid } from './grid.ts';
import { countInto, LinearCounter, linearEdges, LogCounter, mostBins } from './histogram.ts';
import { huffmanView } from './huffman.ts';
import { layoutsOf, type Layout } from './layout.ts';
import { measureCounted, measureValues, type Measured } from './measure.ts';
import { overviewOf, type ViewSource } from './overview.ts';
import { Pace, SharedWork, type Asking, type Turns, type Urgency } from './pace.ts';
import { lineGrains, patternOf, runGrains, zeroRuns } from './pattern.ts';
import { baseLevel, buildPyramid, type Pyramid } from './pyramid.ts';
import { streamView, type StreamSeek } from './stream.ts';
import { countArea, tileArea, tileFromGrid, valuesOf, type TilePlace } from './tile.ts';
import type {
  CodebookView,
  HuffmanView,
  LayerDifference,
  LayerMeasure,
  LayoutKind,
  LinearHistogram,
  LogHistogram,
  Marginals,
  PairList,
  PruningPattern,
  StreamView,
  Tile,
  TileChannel,
  ViewOverview,
} from './types.ts';
import { differenceOf, isNumeric, plainValues, type LayerValues } from './values.ts';
import { findZeroPoints, readZeroPoint, type ZeroPointPlace } from './zero-point.ts';

export interface ViewServices {
  readonly cache: ByteCache;
  readonly turns: Turns;
}

/** A layer, or what it has more than a layer of another model. */
export interface ViewSubject {
  readonly layer: number;
  readonly minus?: { readonly model: ViewModel; readonly layer: number };
}

export interface HistogramQuery {
  readonly scale: 'linear' | 'log';
  /** Bins, at most 4096; for `log` fewer where eighths of an octave are enough. */
  readonly bins: number;
  /** Linear: another range than that of the layer's own values. */
  readonly range?: readonly [number, number];
}

export class ViewModel {
  readonly #tensors: readonly Tensor[];
  readonly #bench = new CodeBench();
  readonly #work = new SharedWork();
  readonly #coded = new Map<number, CodedLayer>();
  readonly #layouts = new Map<number, readonly Layout[]>();
  readonly #values = new Map<number, LayerValues>();
  readonly #zeroPoints: ReadonlyMap<number, ZeroPointPlace>;
  /** Small results. */
  readonly #kept = new Map<string, unknown>();
  #overview: ViewOverview | undefined;
  #flow: NamedFlow | undefined;

  /** @param id no other model has; the beginning of its keys in the cache */
  constructor(
    readonly id: string,
    readonly source: ViewSource,
    readonly services: ViewServices,
  ) {
    this.#tensors = source.model.tensors;
    this.#zeroPoints = findZeroPoints(source.model);
    for (const coded of source.coded) {
      const { tensor, weights } = coded.coded;
      if (this.#tensors.at(tensor)?.parameters !== weights || tensor < 0)
        throw new DeepCompressionError(
          'invalid-container',
          `${source.path}: damaged .dcz file: tensor ${tensor} is not one of the model's`,
        );
      const key = `${id}/${tensor}/`;
      this.#coded.set(tensor, new CodedLayer(coded, key, services.cache, this.#bench));
    }
  }

  /** Stops what is under way and gives up what was kept. The source is the caller's to close. */
  close(): void {
    this.#work.stop();
    this.services.cache.forget(`${this.id}/`);
    this.#kept.clear();
  }

  overview(): ViewOverview {
    return (this.#overview ??= overviewOf(this.source, this.#zeroPoints));
  }

  flow(): NamedFlow {
    return (this.#flow ??= flowOf(this.source.model));
  }

  async measure(subject: ViewSubject, asking: Asking, urgency: Urgency = 2): Promise<LayerMeasure> {
    const { measure } = await this.#measured(subject, asking, urgency);
    return { layer: subject.layer, ...measure };
  }

  async histogram(
    subject: ViewSubject,
    query: HistogramQuery,
    asking: Asking,
  ): Promise<LinearHistogram | LogHistogram> {
    const { scale, bins, range } = query;
    check(Number.isInteger(bins) && bins >= 1 && bins <= mostBins, `${bins} bins`);
    const ranged = range === undefined || (range.every(Number.isFinite) && range[0] <= range[1]);
    check(ranged, 'a range that is none');
    const key = `${subjectKey(subject)}/histogram/${scale}/${bins}/${range?.join() ?? ''}`;
    return this.#cached(key, asking, async (inner) => {
      if (scale === 'log') {
        const counter = new LogCounter();
        await this.#count(subject, counter, inner);
        return counter.result(bins);
      }
      let [min, max] = range ?? [0, 0];
      if (range === undefined) {
        const { measure } = await this.#measured(subject, scaled(inner, 0, 0.5), 1);
        [min, max] = [measure.min ?? 0, measure.max ?? 0];
      }
      const counter = new LinearCounter(linearEdges(min, max, bins));
      await this.#count(subject, counter, range === undefined ? scaled(inner, 0.5, 1) : inner);
      return counter.result();
    });
  }

  async tile(
    subject: ViewSubject,
    kind: LayoutKind,
    place: TilePlace,
    channels: readonly TileChannel[],
    asking: Asking,
  ): Promise<Tile> {
    const layout = this.#layout(subject.layer, kind);
    const area = tileArea(layout, place);
    const { level, x, y, size } = place;
    check(level === 0 || !channels.includes('values'), 'values above level 0');
    const counted = channels.filter((c) => c !== 'values');
    let parts: Pick<Tile, 'values' | 'nonzeros' | 'density' | 'mean' | 'max'> = {};
    const name = `${subjectKey(subject)}/tile/${kind}/${level}/${size}/${x}/${y}`;
    const values = this.#valuesOf(subject);
    if (channels.includes('values')) {
      const found = await this.#cached(`${name}/values`, asking, async (inner) => ({
        values: await valuesOf(values, layout, area, this.#pace(inner, 0)),
      }));
      parts = { values: found.values.slice() };
    }
    if (counted.length > 0 && level >= baseLevel(layout)) {
      const { base, levels } = await this.#pyramid(subject, kind, asking);
      parts = {
        ...parts,
        ...tileFromGrid(levels[level - base], x * size, y * size, area, counted),
      };
    } else if (counted.length > 0) {
      const grid = await this.#cached<Grid>(`${name}/counts`, asking, (inner) =>
        countArea(values, layout, level, area, this.#pace(inner, 0)),
      );
      parts = { ...parts, ...tileFromGrid(grid, 0, 0, area, counted) };
    }
    const block = 2 ** level;
    return {
      ...{ level, x, y, size },
      width: Math.ceil(area.cols / block),
      height: Math.ceil(area.rows / block),
      weights: area.rows * area.cols,
      ...parts,
    };
  }

  async marginals(subject: ViewSubject, kind: LayoutKind, asking: Asking): Promise<Marginals> {
    return (await this.#pyramid(subject, kind, asking)).marginals;
  }

  /** Which granularity the zeros of a layer follow. */
  pattern(layer: number, asking: Asking): Promise<PruningPattern> {
    const subject = { layer };
    return this.#once(`${subjectKey(subject)}/pattern`, asking, async (inner) => {
      const tensor = this.#tensor(layer);
      const values = this.#valuesOf(subject);
      const runs = runGrains(tensor);
      const sizes = runs.map((r) => r.size);
      const { zeros, zeroGrains } = await zeroRuns(values, sizes, this.#pace(inner, 1));
      const found = runs.map((r, i) => ({
        ...r,
        grains: tensor.parameters / r.size,
        zeroGrains: zeroGrains[i],
      }));
      const [layout] = this.#layoutsOf(layer);
      if (found.length === 0 && layout.kind === 'matrix')
        found.push(...lineGrains(await this.marginals(subject, 'matrix', inner)));
      return patternOf(tensor.parameters, zeros, found);
    });
  }

  /** Undefined `original`: without errors. @throws `invalid-input` for a layer without a codebook */
  codebook(
    layer: number,
    original: { readonly model: ViewModel; readonly layer: number } | undefined,
    asking: Asking,
  ): Promise<CodebookView> {
    const against = original === undefined ? '' : `${original.model.id}:${original.layer}`;
    return this.#once(`${subjectKey({ layer })}/codebook/${against}`, asking, async (inner) => {
      const coded = this.#coded.get(layer);
      if (coded === undefined) {
        const { few } = await this.#measured({ layer }, inner, 1);
        if (few === undefined || few.values.length === 0)
          throw new DeepCompressionError(
            'invalid-input',
            `${this.#tensor(layer).name} has no codebook: its weights do not share values`,
          );
        return distinctCodebook(few);
      }
      const stats = await this.#statistics(coded, scaled(inner, 0, 0.5));
      if (original === undefined) return storedCodebook(coded, stats, null);
      const values = original.model.#valuesOf({ layer: original.layer });
      check(values.weights === coded.coded.weights, 'an original of another size');
      const pace = this.#pace(scaled(inner, 0.5, 1), 1);
      return storedCodebook(coded, stats, await codebookErrors(coded, values, pace));
    });
  }

  async huffman(layer: number, stream: 'values' | 'gaps', asking: Asking): Promise<HuffmanView> {
    const coded = this.#codedLayer(layer);
    return this.#once(`${subjectKey({ layer })}/huffman/${stream}`, asking, async (inner) =>
      huffmanView(stream, coded.coded, await this.#statistics(coded, inner)),
    );
  }

  /** At most 4096 steps, within one block. */
  async stream(
    layer: number,
    seek: StreamSeek,
    count: number,
    asking: Asking,
  ): Promise<StreamView> {
    const coded = this.#codedLayer(layer);
    check(Number.isInteger(count) && count >= 1, `${count} steps`);
    await this.#pace(asking, 0).rest();
    return streamView(coded, this.#layoutsOf(layer)[0], seek, count);
  }

  pairs(other: ViewModel): PairList {
    return pairLayers(this.#tensors, other.#tensors);
  }

  /** How far `subject.layer` is from `subject.minus`. */
  async difference(
    subject: ViewSubject & Required<Pick<ViewSubject, 'minus'>>,
    asking: Asking,
  ): Promise<LayerDifference> {
    const { layer, minus } = subject;
    const mine = this.#valuesOf({ layer });
    const theirs = minus.model.#valuesOf({ layer: minus.layer });
    check(mine.weights === theirs.weights, 'two layers of different sizes');
    const found = await this.#once(`${subjectKey(subject)}/difference`, asking, (inner) =>
      difference(mine, theirs, this.#pace(inner, 2)),
    );
    return { layer, other: minus.layer, ...found };
  }

  #measured(subject: ViewSubject, asking: Asking, urgency: Urgency): Promise<Measured> {
    return this.#once(`${subjectKey(subject)}/measure`, asking, async (inner) => {
      const bits = bitsOf[this.#tensor(subject.layer).dtype];
      const coded = subject.minus === undefined ? this.#coded.get(subject.layer) : undefined;
      if (coded === undefined)
        return measureValues(this.#valuesOf(subject), bits, this.#pace(inner, urgency));
      const { codeCounts } = await this.#statistics(coded, inner);
      const measure = measureCounted(coded.coded.codebook, codeCounts, bits);
      return { measure, few: undefined };
    });
  }

  /** Every value into a counter: by code where there are codes. */
  async #count(
    subject: ViewSubject,
    counter: LinearCounter | LogCounter,
    asking: Asking,
  ): Promise<void> {
    const coded = subject.minus === undefined ? this.#coded.get(subject.layer) : undefined;
    if (coded === undefined)
      return countInto(this.#valuesOf(subject), counter, this.#pace(asking, 1));
    const { codeCounts } = await this.#statistics(coded, asking);
    coded.coded.codebook.forEach((value, code) => counter.addTimes(value, codeCounts[code]));
  }

  #statistics(layer: CodedLayer, asking: Asking): Promise<LayerStatistics> {
    const size = 8 * layer.coded.codebook.length + (layer.coded.indexBits > 0 ? 1 << 16 : 1 << 14);
    return this.#cached(
      `${layer.coded.tensor}/statistics`,
      asking,
      (inner) => layer.statistics(this.#pace(inner, 1)),
      (s) => size + 8 * (s.runs.short.length + s.runs.long.length),
    );
  }

  #pyramid(subject: ViewSubject, kind: LayoutKind, asking: Asking): Promise<Pyramid> {
    const layout = this.#layout(subject.layer, kind);
    return this.#cached(
      `${subjectKey(subject)}/pyramid/${kind}`,
      asking,
      (inner) => buildPyramid(this.#valuesOf(subject), layout, this.#pace(inner, 1)),
      (p) => p.bytes,
    );
  }

  /** Computed once while the model is open. */
  async #once<T>(key: string, asking: Asking, work: (asking: Asking) => Promise<T>): Promise<T> {
    if (this.#kept.has(key)) return this.#kept.get(key) as T;
    return this.#work.run(key, asking, async (inner) => {
      const value = await work(inner);
      if (!inner.signal.aborted) this.#kept.set(key, value);
      return value;
    });
  }

  /** Computed once, unless it had to make room for something else. */
  async #cached<T extends object>(
    key: string,
    asking: Asking,
    work: (asking: Asking) => Promise<T>,
    sizeOf: (value: T) => number = bytesHeld,
  ): Promise<T> {
    const full = `${this.id}/${key}`;
    const { cache } = this.services;
    return (
      cache.get<T>(full) ??
      this.#work.run(key, asking, async (inner) => {
        const value = await work(inner);
        return inner.signal.aborted ? value : cache.set(full, value, sizeOf(value) + 256);
      })
    );
  }

  #pace(asking: Asking, urgency: Urgency): Pace {
    return new Pace(this.services.turns, urgency, asking);
  }

  #tensor(layer: number): Tensor {
    const tensor = Number.isInteger(layer) && layer >= 0 ? this.#tensors.at(layer) : undefined;
    if (tensor === undefined)
      throw new DeepCompressionError('invalid-input', `no layer ${String(layer)} in this model`);
    return tensor;
  }

  #codedLayer(layer: number): CodedLayer {
    const { name } = this.#tensor(layer);
    const coded = this.#coded.get(layer);
    if (coded === undefined)
      throw new DeepCompressionError('invalid-input', `${name} is not compressed`);
    return coded;
  }

  #valuesOf({ layer, minus }: ViewSubject): LayerValues {
    if (minus !== undefined) {
      const theirs = minus.model.#valuesOf({ layer: minus.layer });
      const mine = this.#valuesOf({ layer });
      check(mine.weights === theirs.weights, 'two layers of different sizes');
      return differenceOf(mine, theirs);
    }
    let values = this.#coded.get(layer)?.values ?? this.#values.get(layer);
    if (values === undefined) {
      const tensor = this.#tensor(layer);
      if (!isNumeric(tensor.dtype))
        throw new DeepCompressionError('invalid-input', `${tensor.name} holds no numbers`);
      const place = this.#zeroPoints.get(layer);
      const zero = place && readZeroPoint(this.source.model, layer, place);
      values = plainValues(this.source.model, tensor, zero);
      this.#values.set(layer, values);
    }
    return values;
  }

  #layoutsOf(layer: number): readonly Layout[] {
    const tensor = this.#tensor(layer);
    const layouts = this.#layouts.get(layer) ?? layoutsOf(tensor);
    this.#layouts.set(layer, layouts);
    check(layouts.length > 0, `${tensor.name}, which is empty`);
    return layouts;
  }

  #layout(layer: number, kind: LayoutKind): Layout {
    const layout = this.#layoutsOf(layer).find((l) => l.kind === kind);
    if (layout === undefined)
      throw new DeepCompressionError(
        'invalid-input',
        `${this.#tensor(layer).name} cannot be shown as ${kind}`,
      );
    return layout;
  }
}

function subjectKey({ layer, minus }: ViewSubject): string {
  return minus === undefined ? `${layer}` : `${layer}-${minus.model.id}:${minus.layer}`;
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new DeepCompressionError('invalid-input', `cannot show ${what}`);
}

/** A part of a computation's progress. */
function scaled({ signal, onFraction }: Asking, from: number, to: number): Asking {
  return { signal, onFraction: (f) => onFraction(from + (to - from) * f) };
}
