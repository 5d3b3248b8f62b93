/**
 * What every question about an open model needs: its tensors, their values and layouts, and the rule
 * that nothing is computed twice. Small results are kept for as long as the model is open, large ones
 * (pyramids, tiles, decoded blocks) in the cache that all open models share; two askers of the same
 * thing wait for one computation.
 */
import { CheckedDecoder, damaged } from '../compress/code/checked-decoder.ts';
import type { MeterOf } from '../measure/meter.ts';
import type { LayerStatistics } from '../compress/statistics.ts';
import { codedAs, isCodable } from '../model/coded-as.ts';
import { isCompressible, isNumeric } from '../model/dtype.ts';
import { DeepCompressionError } from '../model/errors.ts';
import type { Tensor } from '../model/model.ts';
import { bytesHeld, type ByteCache } from './cache.ts';
import { CodedLayer, type BlockThreads } from './coded-layer.ts';
import { layoutsOf, type Layout } from './layout.ts';
import type { ViewSource } from './overview.ts';
import { Pace, SharedWork, type Asking, type Turns, type Urgency } from './pace.ts';
import { buildPyramid, type Pyramid } from './pyramid.ts';
import type { LayoutKind } from './types.ts';
import { differenceOf, plainValues, type LayerValues } from './values.ts';
import {
  findZeroPoints,
  readZeroPoint,
  statedZeroPoint,
  type ZeroPointPlace,
} from './zero-point.ts';

export interface ViewServices {
  readonly cache: ByteCache;
  readonly turns: Turns;
  /** How evenly a layer lies on a machine; absent: it is not said. */
  readonly peLoad?: MeterOf;
  /** Threads that decode this model's blocks; absent where there are none. */
  readonly threads?: BlockThreads;
}

/** A layer, or what it has more than a layer of another model. */
export interface ViewSubject {
  readonly layer: number;
  readonly minus?: { readonly model: ViewCore; readonly layer: number };
}

export class ViewCore {
  protected readonly tensors: readonly Tensor[];
  readonly #work = new SharedWork();
  protected readonly coded = new Map<number, CodedLayer>();
  readonly #layouts = new Map<number, readonly Layout[]>();
  readonly #values = new Map<number, LayerValues>();
  protected readonly zeroPoints: ReadonlyMap<number, ZeroPointPlace>;
  /** Small results. */
  readonly #kept = new Map<string, unknown>();

  /** @param id no other model has; the beginning of its keys in the cache */
  constructor(
    readonly id: string,
    readonly source: ViewSource,
    readonly services: ViewServices,
  ) {
    this.tensors = source.model.tensors;
    this.zeroPoints = findZeroPoints(source.model);
    const decoder = new CheckedDecoder(source.path);
    for (const [index, coded] of source.coded.entries()) {
      const { tensor, weights, dtype } = coded.coded;
      const there = this.tensors.at(tensor);
      const as = there && isCodable(there.dtype) ? codedAs(there) : undefined;
      if (as?.weights !== weights || as.dtype !== dtype || tensor < 0)
        throw damaged(source.path, `tensor ${tensor} is not one of the model's`);
      // bytes of quantized weights are no values: these come from the restored file
      if (!isCompressible(dtype)) continue;
      const key = `${id}/${tensor}/`;
      const threads = services.threads && { of: services.threads, index };
      this.coded.set(tensor, new CodedLayer(coded, key, services.cache, decoder, threads));
    }
  }

  /** Stops what is under way and gives up what was kept. The source is the caller's to close. */
  close(): void {
    this.#work.stop();
    this.services.cache.forget(`${this.id}/`);
    this.#kept.clear();
  }

  protected statistics(layer: CodedLayer, asking: Asking): Promise<LayerStatistics> {
    const size = 8 * layer.coded.codebook.length + (layer.coded.indexBits > 0 ? 1 << 16 : 1 << 14);
    return this.cached(
      `${layer.coded.tensor}/statistics`,
      asking,
      (inner) => layer.statistics(this.pace(inner, 1)),
      (s) => size + 8 * (s.runs.short.length + s.runs.long.length),
    );
  }

  protected pyramid(subject: ViewSubject, kind: LayoutKind, asking: Asking): Promise<Pyramid> {
    const layout = this.layout(subject.layer, kind);
    return this.cached(
      `${subjectKey(subject)}/pyramid/${kind}`,
      asking,
      (inner) => buildPyramid(this.valuesOf(subject), layout, this.pace(inner, 1)),
      (p) => p.bytes,
    );
  }

  /** Computed once while the model is open. */
  protected async once<T>(
    key: string,
    asking: Asking,
    work: (asking: Asking) => Promise<T>,
  ): Promise<T> {
    if (this.#kept.has(key)) return this.#kept.get(key) as T;
    return this.#work.run(key, asking, async (inner) => {
      const value = await work(inner);
      if (!inner.signal.aborted) this.#kept.set(key, value);
      return value;
    });
  }

  /** Computed once, unless it had to make room for something else. */
  protected async cached<T extends object>(
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

  protected pace(asking: Asking, urgency: Urgency): Pace {
    return new Pace(this.services.turns, urgency, asking);
  }

  protected tensor(layer: number): Tensor {
    const tensor = Number.isInteger(layer) && layer >= 0 ? this.tensors.at(layer) : undefined;
    if (tensor === undefined)
      throw new DeepCompressionError('invalid-input', `no layer ${String(layer)} in this model`);
    return tensor;
  }

  protected codedLayer(layer: number): CodedLayer {
    const { name } = this.tensor(layer);
    const coded = this.coded.get(layer);
    if (coded === undefined)
      throw new DeepCompressionError('invalid-input', `${name} is not compressed`);
    return coded;
  }

  /** Weights of a layer, or of a difference. */
  valuesOf({ layer, minus }: ViewSubject): LayerValues {
    if (minus !== undefined) {
      const theirs = minus.model.valuesOf({ layer: minus.layer });
      const mine = this.valuesOf({ layer });
      check(mine.weights === theirs.weights, 'two layers of different sizes');
      return differenceOf(mine, theirs);
    }
    let values = this.coded.get(layer)?.values ?? this.#values.get(layer);
    if (values === undefined) {
      const tensor = this.tensor(layer);
      if (!isNumeric(tensor.dtype))
        throw new DeepCompressionError('invalid-input', `${tensor.name} holds no numbers`);
      const place = this.zeroPoints.get(layer);
      const zero = place ? readZeroPoint(this.source.model, layer, place) : statedZeroPoint(tensor);
      values = plainValues(this.source.model, tensor, zero);
      this.#values.set(layer, values);
    }
    return values;
  }

  protected layoutsOf(layer: number): readonly Layout[] {
    const tensor = this.tensor(layer);
    const layouts = this.#layouts.get(layer) ?? layoutsOf(tensor);
    this.#layouts.set(layer, layouts);
    check(layouts.length > 0, `${tensor.name}, which is empty`);
    return layouts;
  }

  protected layout(layer: number, kind: LayoutKind): Layout {
    const layout = this.layoutsOf(layer).find((l) => l.kind === kind);
    if (layout === undefined)
      throw new DeepCompressionError(
        'invalid-input',
        `${this.tensor(layer).name} cannot be shown as ${kind}`,
      );
    return layout;
  }
}

/** Names a subject in keys. */
export function subjectKey({ layer, minus }: ViewSubject): string {
  return minus === undefined ? `${layer}` : `${layer}-${minus.model.id}:${minus.layer}`;
}

/** @throws DeepCompressionError `invalid-input` unless it holds */
export function check(holds: boolean, what: string): void {
  if (!holds) throw new DeepCompressionError('invalid-input', `cannot show ${what}`);
}
