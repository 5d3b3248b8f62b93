/**
 * A .dcz as layers for a simulated machine: every compressed weight tensor as the matrices it multiplies
 * by, each with the activations that the model itself gives it. Blocks are checked by their CRC as
 * they are decoded. Runs in a thread of its own (bench.ts), so it need not be cancellable.
 */
import type { CodedTensor } from '../../compress/coded.ts';
import { CheckedDecoder, damaged } from '../../compress/code/checked-decoder.ts';
import { matricesOf, type LayerMatrix } from '../../layers/matrices.ts';
import { vectorsOf } from '../../calibrate/vectors.ts';
import { isCompressible } from '../../model/dtype.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { Geometry, Model, Tensor } from '../../model/model.ts';
import { isOnnx } from '../../model/onnx/open.ts';
import { mulberry32 } from '../../model/random.ts';
import { openInput, type SharedInput } from '../input.ts';
import type { Progress } from '../protocol.ts';
import { blockDiagonal } from '../../layers/block-diagonal.ts';
import { modelValues, type ModelValues } from '../activations/model-values.ts';
import { assumedDensity, type Prepared, type PreparedLayer } from './prepared.ts';
import type { CodeLimit } from '../../layers/grid-levels.ts';
import type { SimulatorTypes, ThreadSimulator } from './simulator.ts';
import type { Sample } from '../activations/sample.ts';
import { activationUses, type ActivationUse } from '../activations/uses.ts';
import { chooseVector } from '../activations/choose-vector.ts';
import { randomActivations } from '../../layers/random.ts';
import type { LayerActivations } from '../protocol-simulate.ts';

export interface ModelOptions {
  /** What users call the source. */
  readonly label: string;
  readonly sample: Sample | undefined;
  /** Given by the user: the model is then not run. */
  readonly density: number | undefined;
  readonly seed: number;
  /** Where ONNX Runtime's files are. */
  readonly ortFolder: string;
}

interface Found {
  readonly tensor: Tensor;
  readonly matrices: readonly LayerMatrix[];
  readonly use: ActivationUse;
}

/** More groups than this are one block-diagonal matrix. */
const mostGroups = 8;

/** @throws DeepCompressionError of any code a file or a sample can cause */
export async function prepareModel<T extends SimulatorTypes>(
  simulator: ThreadSimulator<T>,
  file: SharedInput,
  options: ModelOptions,
  onProgress: (progress: Progress) => void,
): Promise<Prepared<T['machine']>> {
  const opened = openInput(file);
  try {
    const { dcz, model, path } = opened;
    if (!dcz) throw new Error('a model is compressed before it is simulated');
    const coded = new Map(dcz.tensors.map((t) => [t.coded.tensor, t.coded]));
    const uses = isOnnx(model) ? activationUses(model) : new Map<number, ActivationUse>();
    const found: Found[] = [];
    const skipped: Prepared<never>['skipped'][number][] = [];
    for (const tensor of model.tensors) {
      onProgress({
        stage: 'decode',
        layer: tensor.name,
        fraction: (0.5 * tensor.id) / model.tensors.length,
      });
      const own = coded.get(tensor.id);
      const reason = whyNot(tensor, own, dcz.recipe);
      if (reason === '') continue;
      if (reason !== undefined) {
        skipped.push({ tensor: tensor.id, name: tensor.name, reason });
        continue;
      }
      try {
        const use = uses.get(tensor.id) ?? { why: 'the operator that uses it is not known' };
        found.push({
          tensor,
          matrices: matrices(path, tensor, own as CodedTensor, simulator),
          use,
        });
      } catch (error) {
        if (!(error instanceof DeepCompressionError) || error.code !== 'unsupported') throw error;
        const { id, name } = tensor;
        skipped.push({ tensor: id, name, reason: withoutName(error.message, name) });
      }
    }
    if (found.length === 0)
      throw new DeepCompressionError(
        'unsupported',
        `${path}: no layer of it can run on ${simulator.name}${skipped.length > 0 ? ` (${skipped[0].name}: ${skipped[0].reason})` : ''}`,
      );
    onProgress({ stage: 'run the model', layer: '', fraction: 0.5 });
    const values = await valuesFor(model, found, options);
    const layers = found.flatMap((f) => layersOf(simulator, f, values, options));
    return {
      layers,
      skipped,
      notes: [
        ...values.notes,
        ...(options.density === undefined ? fallbackNote(values.why, layers) : []),
      ],
    };
  } finally {
    opened.close();
  }
}

/** '' for what is no layer at all, undefined for what can run. */
function whyNot(
  { role, geometry, dtype, op, parameters }: Tensor,
  coded: CodedTensor | undefined,
  recipe: object,
): string | undefined {
  if (role === 'embedding') return 'a table that is looked up, not multiplied';
  if (role !== 'weight') return '';
  if (!isCompressible(dtype))
    return `its weights were quantized before (${dtype}), and the machine takes those that are shared here`;
  if (!coded) {
    const least = 'minimumWeights' in recipe ? Number(recipe.minimumWeights) : 0;
    return parameters < least
      ? `its ${parameters} weights are fewer than the ${least} from which the recipe compresses`
      : 'it is stored uncompressed in the .dcz';
  }
  if (!geometry) return `${op || 'its operator'} is not a matrix product`;
  return undefined;
}

const withoutName = (message: string, name: string): string =>
  message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;

function matrices(
  path: string,
  tensor: Tensor,
  coded: CodedTensor,
  machine: CodeLimit,
): LayerMatrix[] {
  const geometry = stackedGates(tensor);
  if (coded.weights !== tensor.parameters)
    throw damaged(path, `tensor ${tensor.id} is not one of the model's`);
  const decoder = new CheckedDecoder(path);
  const list = matricesOf(
    tensor.name,
    coded,
    geometry,
    (block, codes) => codes.set(decoder.decode(coded, block)),
    machine,
  );
  const [first] = list;
  if (geometry.kind !== 'conv' || list.length <= mostGroups) return list;
  return [
    {
      ...first,
      ...besideEachOther(list),
      name: `${tensor.name} [${list.length} groups]`,
      matrix: blockDiagonal(list.map((m) => m.matrix)),
      part: -1,
    },
  ];
}

/** The scales of all groups of a layer on a grid. */
function besideEachOther(list: readonly LayerMatrix[]): Partial<LayerMatrix> {
  const joined = (key: 'rowScales' | 'columnScales'): Partial<LayerMatrix> => {
    const parts = list.flatMap((m) => (m[key] ? [...m[key]] : []));
    return parts.length > 0 ? { [key]: Float32Array.from(parts) } : {};
  };
  return { ...joined('rowScales'), ...joined('columnScales') };
}

/** Gates that are rearranged on the way to the layer have no names, but are one matrix all the same. */
function stackedGates({ geometry, shape }: Tensor): Geometry {
  if (!geometry) throw new Error('no geometry');
  const { kind, gates, rows, matrices: parts, transposed } = geometry;
  return kind === 'recurrent' && !gates && !transposed && shape.length === 2 && parts > 1
    ? { ...geometry, rows: rows * parts, matrices: 1 }
    : geometry;
}

async function valuesFor(
  model: Model,
  found: readonly Found[],
  { sample, density, seed, ortFolder }: ModelOptions,
): Promise<ModelValues> {
  if (density !== undefined)
    return {
      values: new Map(),
      notes: [],
      why: `activations of density ${density} were asked for`,
    };
  if (!isOnnx(model))
    return { values: new Map(), notes: [], why: 'models are run as ONNX, and this is none' };
  const names = new Set(found.flatMap(({ use }) => ('value' in use ? [use.value] : [])));
  return modelValues(model, [...names], sample, seed, ortFolder);
}

function layersOf<T extends SimulatorTypes>(
  simulator: ThreadSimulator<T>,
  { tensor, matrices: parts, use }: Found,
  { values, why }: ModelValues,
  { label, sample, density, seed }: ModelOptions,
): PreparedLayer<T['machine']>[] {
  return parts.map((m): PreparedLayer<T['machine']> => {
    const made = madeActivations(m, tensor, use, values, why);
    const random = mulberry32((seed ^ Math.imul(tensor.id + 1, 0x9e3779b1) ^ (m.part + 1)) >>> 0);
    const { cols } = m.matrix;
    let activations: Float32Array;
    let about: LayerActivations;
    if (typeof made === 'string') {
      const active = Math.round((density ?? assumedDensity) * cols);
      activations = randomActivations(cols, active, random);
      about = {
        from: 'density',
        density: active / cols,
        meanDensity: null,
        note: density === undefined ? `density ${assumedDensity} assumed: ${made}` : made,
      };
    } else {
      activations = made.values;
      const { density: share, meanDensity, note } = made;
      about = { from: sample ? 'sample' : 'random-input', density: share, meanDensity, note };
    }
    const { columnScales } = m;
    if (columnScales) activations = activations.map((a, c) => a * columnScales[c]);
    return {
      layer: {
        name: m.name,
        matrix: m.matrix,
        bias: null,
        codebook: m.codebook,
        ...(m.rowScales && { rowScales: m.rowScales }),
        activations,
      },
      source: label,
      op: tensor.op,
      kind: m.kind,
      asks: simulator.asks(m.codebook, typeof made !== 'string' && made.signed),
      activations: about,
      runsPerInference: typeof made === 'string' ? null : made.runs,
      blocks: m.part < 0 ? (tensor.geometry?.groups ?? 1) : 1,
      workload: '',
      tensor: tensor.id,
    };
  });
}

interface Made {
  readonly values: Float32Array;
  readonly density: number;
  readonly meanDensity: number | null;
  readonly note: string;
  readonly runs: number;
  /** The value has negative numbers. */
  readonly signed: boolean;
}

/** The vector for a matrix, or why there is none. */
function madeActivations(
  m: LayerMatrix,
  tensor: Tensor,
  use: ActivationUse,
  values: ModelValues['values'],
  why: string,
): Made | string {
  if (why !== '') return why;
  if ('why' in use) return use.why;
  const { geometry } = tensor;
  const value = values.get(use.value);
  if (!value || !geometry) return 'the runtime gave no numbers for its input';
  if (!value.data.every((v) => Number.isFinite(v)))
    return 'its input has values that are not finite';
  const vectors = vectorsOf(value, use.layout, use.node, geometry);
  if (typeof vectors === 'string') return vectors;
  const chosen = chooseVector(vectors, m.part);
  if (chosen.values.length !== m.matrix.cols) return 'its input does not fit its weights';
  const signed = value.data.some((v) => v < 0);
  return { ...chosen, runs: vectors.count, signed };
}

/** One note instead of one a layer, when the model could not be run. */
function fallbackNote(why: string, layers: readonly PreparedLayer<unknown>[]): string[] {
  const without = layers.filter((l) => l.activations.from === 'density').length;
  if (without === 0) return [];
  if (why !== '') return [`activations are drawn at random: ${why}`];
  return [
    `${without} of ${layers.length} layers have activations drawn at random at density ${assumedDensity}, because the model could not give theirs (see each layer's note)`,
  ];
}
