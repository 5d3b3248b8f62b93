/**
 * One open model and everything that can be asked of it (engine/protocol-view.ts says the questions
 * as the outside asks them).
 */
import { bitsOf } from '../model/dtype.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { codebookErrors, distinctCodebook, storedCodebook } from './codebook.ts';
import { levelsBound } from '../measure/entropy.ts';
import { gridErrors, gridView } from './grid-view.ts';
import { spendingView } from './spending.ts';
import { difference, pairLayers } from './compare.ts';
import { flowOf, type NamedFlow } from './flow.ts';
import type { Grid } from './grid.ts';
import {
  LinearCounter,
  linearEdges,
  LogCounter,
  mostBins,
  type LinearHistogram,
  type LogHistogram,
} from '../measure/histogram.ts';
import { huffmanView } from './huffman.ts';
import { measureCounted, measureValues, type Measured } from './measure.ts';
import { overviewOf } from './overview.ts';
import type { Asking, Urgency } from './pace.ts';
import { lineGrains, patternOf, runGrains, zeroRuns } from './pattern.ts';
import { baseLevel } from './pyramid.ts';
import { streamView, type StreamSeek } from './stream.ts';
import { countArea, tileArea, tileFromGrid, valuesOf, type TilePlace } from './tile.ts';
import type {
  CodebookView,
  GridView,
  HuffmanView,
  LayerDifference,
  LayerMeasure,
  LayoutKind,
  Marginals,
  PairList,
  PruningPattern,
  SpendingView,
  StreamView,
  Tile,
  TileChannel,
  ViewOverview,
} from './types.ts';
import { check, subjectKey, ViewCore, type ViewSubject } from './view-core.ts';
import { countInto } from './values.ts';

export interface HistogramQuery {
  readonly scale: 'linear' | 'log';
  /** Bins, at most 4096; for `log` fewer where eighths of an octave are enough. */
  readonly bins: number;
  /** Linear: another range than that of the layer's own values. Log: magnitudes, first above 0, that
   * the bins cover at least. */
  readonly range?: readonly [number, number];
}

export class ViewModel extends ViewCore {
  #overview: ViewOverview | undefined;
  #flow: NamedFlow | undefined;

  overview(): ViewOverview {
    return (this.#overview ??= overviewOf(this.source, this.zeroPoints));
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
    const least = scale === 'log' ? Number.MIN_VALUE : -Infinity;
    const ranged =
      range === undefined ||
      (range[0] >= least && range[0] <= range[1] && range.every((r) => Number.isFinite(r)));
    check(ranged, 'a range that is none');
    const key = `${subjectKey(subject)}/histogram/${scale}/${bins}/${range?.join() ?? ''}`;
    return this.cached(key, asking, async (inner) => {
      if (scale === 'log') return (await this.#magnitudes(subject, inner)).result(bins, range);
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
    const layout = this.layout(subject.layer, kind);
    const area = tileArea(layout, place);
    const { level, x, y, size } = place;
    check(level === 0 || !channels.includes('values'), 'values above level 0');
    const counted = channels.filter((c) => c !== 'values');
    let parts: Pick<Tile, 'values' | 'nonzeros' | 'density' | 'mean' | 'max'> = {};
    const name = `${subjectKey(subject)}/tile/${kind}/${level}/${size}/${x}/${y}`;
    const values = this.valuesOf(subject);
    if (channels.includes('values')) {
      const found = await this.cached(`${name}/values`, asking, async (inner) => ({
        values: await valuesOf(values, layout, area, this.pace(inner, 0)),
      }));
      parts = { values: found.values.slice() };
    }
    if (counted.length > 0 && level >= baseLevel(layout)) {
      const { base, levels } = await this.pyramid(subject, kind, asking);
      parts = {
        ...parts,
        ...tileFromGrid(levels[level - base], x * size, y * size, area, counted),
      };
    } else if (counted.length > 0) {
      const grid = await this.cached<Grid>(`${name}/counts`, asking, (inner) =>
        countArea(values, layout, level, area, this.pace(inner, 0)),
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
    return (await this.pyramid(subject, kind, asking)).marginals;
  }

  /** Which granularity the zeros of a layer follow. */
  pattern(layer: number, asking: Asking): Promise<PruningPattern> {
    const subject = { layer };
    return this.once(`${subjectKey(subject)}/pattern`, asking, async (inner) => {
      const tensor = this.tensor(layer);
      const values = this.valuesOf(subject);
      const runs = runGrains(tensor);
      const sizes = runs.map((r) => r.size);
      const { zeros, zeroGrains } = await zeroRuns(values, sizes, this.pace(inner, 1));
      const found = runs.map((r, i) => ({
        ...r,
        grains: tensor.parameters / r.size,
        zeroGrains: zeroGrains[i],
      }));
      const [layout] = this.layoutsOf(layer);
      if (found.length === 0 && layout.kind === 'matrix')
        for (const grain of lineGrains(await this.marginals(subject, 'matrix', inner)))
          found.push(grain);
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
    return this.once(`${subjectKey({ layer })}/codebook/${against}`, asking, async (inner) => {
      const coded = this.coded.get(layer);
      if (coded === undefined) {
        const { few } = await this.#measured({ layer }, inner, 1);
        if (few === undefined || few.values.length === 0)
          throw new DeepCompressionError(
            'invalid-input',
            `${this.tensor(layer).name} has no codebook: its weights do not share values`,
          );
        return distinctCodebook(few);
      }
      if (coded.coded.grid !== undefined)
        throw new DeepCompressionError(
          'invalid-input',
          `${this.tensor(layer).name} has no codebook: its weights are levels of a grid`,
        );
      const stats = await this.statistics(coded, scaled(inner, 0, 0.5));
      if (original === undefined) return storedCodebook(coded, stats, null);
      const values = original.model.valuesOf({ layer: original.layer });
      check(values.weights === coded.coded.weights, 'an original of another size');
      const pace = this.pace(scaled(inner, 0.5, 1), 1);
      return storedCodebook(coded, stats, await codebookErrors(coded, values, pace));
    });
  }

  /** Undefined `original`: without errors. @throws `invalid-input` for a layer that is on no grid */
  grid(
    layer: number,
    original: { readonly model: ViewModel; readonly layer: number } | undefined,
    asking: Asking,
  ): Promise<GridView> {
    const against = original === undefined ? '' : `${original.model.id}:${original.layer}`;
    return this.once(`${subjectKey({ layer })}/grid/${against}`, asking, async (inner) => {
      const coded = this.codedLayer(layer);
      const { grid } = coded.coded;
      if (grid === undefined)
        throw new DeepCompressionError('invalid-input', `${this.tensor(layer).name} is on no grid`);
      const half = original === undefined ? 0 : 0.5;
      let errors = null;
      if (original !== undefined) {
        const values = original.model.valuesOf({ layer: original.layer });
        check(values.weights === coded.coded.weights, 'an original of another size');
        errors = await gridErrors(coded, grid, values, this.pace(scaled(inner, 0, half), 1));
      }
      return gridView(coded, grid, errors, this.pace(scaled(inner, half, 1), 1));
    });
  }

  /** @throws `invalid-input` unless its weights are levels of a grid, coded arithmetically */
  spending(layer: number, asking: Asking): Promise<SpendingView> {
    return this.once(`${subjectKey({ layer })}/spending`, asking, async (inner) => {
      const coded = this.codedLayer(layer);
      const { grid, coder } = coded.coded;
      check(grid !== undefined && coder === 'arithmetic', `what ${this.tensor(layer).name} spends`);
      return spendingView(coded, this.pace(inner, 1));
    });
  }

  async huffman(layer: number, stream: 'values' | 'gaps', asking: Asking): Promise<HuffmanView> {
    const coded = this.codedLayer(layer);
    return this.once(`${subjectKey({ layer })}/huffman/${stream}`, asking, async (inner) =>
      huffmanView(stream, coded.coded, await this.statistics(coded, inner)),
    );
  }

  /** At most 4096 steps, within one block. */
  async stream(
    layer: number,
    seek: StreamSeek,
    count: number,
    asking: Asking,
  ): Promise<StreamView> {
    const coded = this.codedLayer(layer);
    check(Number.isInteger(count) && count >= 1, `${count} steps`);
    await this.pace(asking, 0).rest();
    return streamView(coded, this.layoutsOf(layer)[0], seek, count);
  }

  pairs(other: ViewModel): PairList {
    return pairLayers(this.tensors, other.tensors);
  }

  /** How far `subject.layer` is from `subject.minus`. */
  async difference(
    subject: ViewSubject & Required<Pick<ViewSubject, 'minus'>>,
    asking: Asking,
  ): Promise<LayerDifference> {
    const { layer, minus } = subject;
    const mine = this.valuesOf({ layer });
    const theirs = minus.model.valuesOf({ layer: minus.layer });
    check(mine.weights === theirs.weights, 'two layers of different sizes');
    const found = await this.once(`${subjectKey(subject)}/difference`, asking, (inner) =>
      difference(mine, theirs, this.pace(inner, 2)),
    );
    return { layer, other: minus.layer, ...found };
  }

  #measured(subject: ViewSubject, asking: Asking, urgency: Urgency): Promise<Measured> {
    return this.once(`${subjectKey(subject)}/measure`, asking, async (inner) => {
      const tensor = this.tensor(subject.layer);
      const bits = bitsOf[tensor.dtype];
      const load = subject.minus === undefined ? this.services.peLoad?.(tensor) : undefined;
      const coded = subject.minus === undefined ? this.coded.get(subject.layer) : undefined;
      if (coded === undefined)
        return measureValues(this.valuesOf(subject), bits, load, this.pace(inner, urgency));
      const { grid } = coded.coded;
      if (grid !== undefined) {
        const pace = this.pace(scaled(inner, 0, 0.5), urgency);
        const { measure } = await measureValues(coded.values, bits, load, pace);
        const { codeCounts } = await this.statistics(coded, scaled(inner, 0.5, 1));
        const scales = grid.scales.length + (grid.columnScales?.length ?? 0);
        const entropy = levelsBound(codeCounts, scales, bits, measure.zeros);
        return { measure: { ...measure, entropy }, few: undefined };
      }
      const { codeCounts } = await this.statistics(coded, inner);
      if (load) await coded.spread(load, this.pace(inner, urgency));
      const measure = measureCounted(coded.coded.codebook, codeCounts, bits, load);
      return { measure, few: undefined };
    });
  }

  /** Counted once, whatever bins are asked for. */
  #magnitudes(subject: ViewSubject, asking: Asking): Promise<LogCounter> {
    const size = (counter: LogCounter): number => counter.bytes;
    return this.cached(
      `${subjectKey(subject)}/magnitudes`,
      asking,
      async (inner) => {
        const counter = new LogCounter();
        await this.#count(subject, counter, inner);
        return counter.done();
      },
      size,
    );
  }

  /** Every value into a counter: by code where a code is a value. */
  async #count(
    subject: ViewSubject,
    counter: LinearCounter | LogCounter,
    asking: Asking,
  ): Promise<void> {
    const coded = subject.minus === undefined ? this.coded.get(subject.layer) : undefined;
    if (coded === undefined || coded.coded.grid !== undefined)
      return countInto(this.valuesOf(subject), counter, this.pace(asking, 1));
    const { codeCounts } = await this.statistics(coded, asking);
    coded.coded.codebook.forEach((value, code) => counter.addTimes(value, codeCounts[code]));
  }
}

/** A part of a computation's progress. */
function scaled({ signal, onFraction }: Asking, from: number, to: number): Asking {
  return { signal, onFraction: (f) => onFraction(from + (to - from) * f) };
}
