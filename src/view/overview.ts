/**
 * What a model holds, from its index alone: no payload is read, so it is there at once however large
 * the file is.
 */
import { dtypeFromCode, isCompressible, isNumeric, type DType } from '../model/dtype.ts';
import type { ValueInfo } from '../model/graph.ts';
import type { FormatId } from '../model/format-names.ts';
import type { Model, Tensor } from '../model/model.ts';
import type { CodedSource } from './coded-layer.ts';
import { largestOf } from '../compress/share/grid.ts';
import { layoutsOf, layoutSummary } from './layout.ts';
import type { CodedSummary, GridSummary, LayerSummary, ViewOverview, ViewPort } from './types.ts';
import type { ZeroPointPlace } from './zero-point.ts';

/** An opened file, as the engine hands it over. */
export interface ViewSource {
  readonly path: string;
  readonly format: FormatId | 'dcz';
  /** Of the file itself, and what of a .dcz belongs to no layer. */
  readonly bytes: number;
  readonly otherBytes: number;
  /** The model, or the one that the .dcz restores. */
  readonly model: Model;
  /** Compressed layers of a .dcz. */
  readonly coded: readonly CodedSource[];
}

export function overviewOf(
  source: ViewSource,
  zeroPoints: ReadonlyMap<number, ZeroPointPlace>,
): ViewOverview {
  const { model } = source;
  const coded = new Map(source.coded.map((c) => [c.coded.tensor, c]));
  const layers = model.tensors.map((t) => layerSummary(t, coded.get(t.id), model, zeroPoints));
  const sum = (of: (l: LayerSummary) => number): number => layers.reduce((n, l) => n + of(l), 0);
  return {
    path: source.path,
    format: source.format,
    bytes: source.bytes,
    otherBytes: source.otherBytes,
    version: model.version,
    producer: model.producer,
    inputs: inputsOf(model),
    outputs: (model.graph?.outputs ?? []).map(portOf),
    parameters: sum((l) => l.parameters),
    prunable: sum((l) => (l.prunable ? l.parameters : 0)),
    dtypes: dtypesOf(layers),
    layers,
    notes: model.notes,
  };
}

/** Before IR 4 initializers are inputs as well: nobody feeds those. */
function inputsOf({ graph }: Model): ViewPort[] {
  if (!graph) return [];
  const { inputs, initializers } = graph;
  return inputs.filter(({ name }) => !initializers.has(name)).map(portOf);
}

function portOf({ name, elemType, shape }: ValueInfo): ViewPort {
  return { name, dtype: dtypeFromCode(elemType) ?? '', shape: shape ?? null };
}

function layerSummary(
  tensor: Tensor,
  coded: CodedSource | undefined,
  model: Model,
  zeroPoints: ReadonlyMap<number, ZeroPointPlace>,
): LayerSummary {
  const { id, dtype, parameters, role } = tensor;
  const hidden = !isNumeric(dtype) ? 'no numbers' : parameters === 0 ? 'empty' : '';
  const zero = zeroPoints.get(id);
  return {
    layer: id,
    name: tensor.name,
    path: tensor.path,
    op: tensor.op,
    role,
    kind: tensor.geometry?.kind ?? '',
    dtype,
    shape: tensor.shape,
    parameters,
    bytes: tensor.bytes,
    storage: tensor.storage,
    prunable: role === 'weight' && isCompressible(dtype) && parameters > 0,
    hidden,
    zeroPoint:
      zero === undefined
        ? null
        : { layer: zero.tensor, perChannel: model.tensors[zero.tensor].parameters > 1 },
    layouts: hidden === '' ? layoutsOf(tensor).map(layoutSummary) : [],
    coded: coded === undefined ? null : codedSummary(coded, tensor),
  };
}

function codedSummary({ coded, rmse, stored }: CodedSource, tensor: Tensor): CodedSummary {
  const { values, index, codebook, tables, total } = stored;
  return {
    bytewise: !isCompressible(coded.dtype),
    coder: coded.coder,
    codebookSize: coded.grid ? 0 : coded.codebook.length,
    grid: gridSummary(coded),
    indexBits: coded.indexBits,
    blocks: coded.blocks.length,
    entries: coded.blocks.reduce((n, b) => n + b.entries, 0),
    bytes: { values, index, codebook, tables, total },
    bitsPerWeight: tensor.parameters > 0 ? (8 * total) / tensor.parameters : 0,
    ratio: total > 0 ? tensor.bytes / total : 0,
    rmse,
  };
}

function gridSummary({ grid, codebook }: CodedSource['coded']): GridSummary | null {
  if (grid === undefined) return null;
  return {
    levels: 2 * largestOf(codebook) + 1,
    channels: grid.scales.length,
    columns: grid.columnScales?.length ?? 0,
  };
}

function dtypesOf(layers: readonly LayerSummary[]): ViewOverview['dtypes'] {
  const sums = new Map<DType, { layers: number; parameters: number; bytes: number }>();
  for (const { dtype, parameters, bytes } of layers) {
    const sum = sums.get(dtype) ?? { layers: 0, parameters: 0, bytes: 0 };
    sum.layers++;
    sum.parameters += parameters;
    sum.bytes += bytes;
    sums.set(dtype, sum);
  }
  return [...sums].map(([dtype, sum]) => ({ dtype, ...sum })).sort((a, b) => b.bytes - a.bytes);
}
