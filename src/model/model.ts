/**
 * What a model is, whatever its format: files, and tensors that lie in them. A `Tensor` describes
 * and locates values but holds none; `TensorReader` (one a format) fetches them in pieces.
 */
import type { CodedDType, DType } from './dtype.ts';
import type { ByteSource } from './bytes.ts';
import type { FormatId } from './format-names.ts';
import type { ModelGraph } from './graph.ts';

/** How the graph uses a tensor. Only some roles hold weights that pruning may touch. */
export type Role =
  'weight' | 'bias' | 'normalisation' | 'embedding' | 'shape' | 'scale' | 'zero point' | 'other';

/** The kinds that recipes give bits to: the paper's CONV and FC, and what it did not have. */
export type LayerKind = 'conv' | 'fc' | 'recurrent' | 'other';

/** The matrix a layer multiplies by, and how it lies in the tensor. Rows are outputs. */
export interface Geometry {
  readonly kind: LayerKind;
  /** Rows (outputs) and columns (inputs) of ONE matrix. */
  readonly rows: number;
  readonly cols: number;
  /** How many such matrices the tensor holds one after another: groups, directions x gates, batch. */
  readonly matrices: number;
  /** True when the tensor stores inputs x outputs (MatMul's right operand, Gemm with transB = 0). */
  readonly transposed: boolean;
  /** Convolutions: spatial kernel shape, groups, strides, dilations. */
  readonly kernel?: readonly number[];
  readonly groups?: number;
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  /** Recurrent layers: gate names in storage order, e.g. LSTM's iofc. */
  readonly gates?: readonly string[];
}

/** How the values are stored, by the field that holds them (onnx.proto names). */
export type Storage =
  | 'raw_data'
  | 'float_data'
  | 'double_data'
  | 'int32_data'
  | 'int64_data'
  | 'uint64_data'
  | 'string_data'
  | 'external'
  | 'plain' // a range of the file, in formats that have nothing else
  | 'attribute' // Constant's value_float(s)/value_int(s): values in the attribute itself
  | 'empty';

/** What stored integers stand for: scale * (integer - zero point). */
export interface Quantization {
  /** One, or one a step along `axis`; the zero points likewise. */
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  readonly axis: number;
}

export interface Tensor {
  /** Position in `Model.tensors`; stable for one file content. */
  readonly id: number;
  /** The tensor's own name, else the output its Constant node defines, else the path. */
  readonly name: string;
  /** Where it hides, e.g. `graph.node[7].attribute[then_branch].g.initializer[0]`. */
  readonly path: string;
  readonly dtype: DType;
  /** Dimensions; [] is a scalar. */
  readonly shape: readonly number[];
  /** Product of `shape`. */
  readonly parameters: number;
  readonly storage: Storage;
  /** Stored payload bytes (as they lie in the file). */
  readonly bytes: number;
  readonly role: Role;
  /** Operator that consumes it (`Conv`), '' when nothing does. */
  readonly op: string;
  readonly geometry?: Geometry;
  /** Where the format states it beside the tensor; in ONNX it is the operators' matter. */
  readonly quantization?: Quantization;
  /** True for the values of a sparse initializer (`parameters` then counts stored values). */
  readonly sparse: boolean;
  /** Index into `Model.files` of the file that holds the payload. */
  readonly file: number;
}

export interface ModelFile {
  /** '' for the model file itself, else the external data's location, relative, with '/'. */
  readonly location: string;
  readonly source: ByteSource;
}

/** More than the largest models have; each takes some kilobytes until it is compressed. */
export const mostTensors = 120_000;

export interface Model {
  readonly path: string;
  readonly format: FormatId;
  /** Of the format, as its users write it: `IR 8, ai.onnx 17`; '' where there are no versions. */
  readonly version: string;
  /** The program that wrote it; '' when the file does not say. */
  readonly producer: string;
  /** Operators and how values flow between them; undefined for formats that hold weights alone. */
  readonly graph?: ModelGraph;
  readonly files: readonly ModelFile[];
  readonly tensors: readonly Tensor[];
  /** Things a user should know that do not stop us, one line each (e.g. missing external data). */
  readonly notes: readonly string[];
  readonly reader: TensorReader;
  readonly writer: ModelWriter;
}

/** Float values of one tensor in pieces. float16/bfloat16/float32 widen exactly to float32. */
export interface TensorReader {
  /**
   * Reads `target.length` values starting at flat index `start` (row-major).
   * `Float64Array` is right for float64 and integers, `Float32Array` for the other floats.
   * @throws DeepCompressionError `not-found` when the payload (external data) is missing.
   */
  readValues(tensor: Tensor, start: number, target: Float32Array | Float64Array): void;
  /**
   * Fills `target` with bytes of the payload of a quantized tensor as they lie in the file, from byte
   * `start` of it on. The writer must be able to replace the tensor.
   */
  readBytes(tensor: Tensor, start: number, target: Uint8Array): void;
}

/** How a hole's values are turned into file bytes: little-endian, densely packed. */
export type HoleEncoding = CodedDType;

/** A file as a run of segments; concatenated they are the file. */
export type Segment =
  /** `elements`: of which kind the bytes are, where they are the values of a tensor. */
  | { readonly kind: 'literal'; readonly bytes: Uint8Array; readonly elements?: HoleEncoding }
  | { readonly kind: 'copy'; readonly offset: number; readonly length: number }
  /** The payload of one tensor, to be filled with its values in `encoding`, or its bytes. */
  | {
      readonly kind: 'hole';
      readonly tensor: number;
      readonly length: number;
      readonly encoding: HoleEncoding;
    };

/**
 * A checksum inside a file over other bytes of it: the CRC-32 of `[start, end)`, little-endian, in the
 * four bytes from `at` on. It has to be made right where one of those bytes changes.
 */
export interface Seal {
  readonly file: number;
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

export interface ModelWriter {
  /** Checksums of the format; absent where it has none. */
  readonly seals?: readonly Seal[];
  /** Why this tensor's payload cannot be replaced in place, or undefined when it can. */
  whyNotReplaceable(tensor: Tensor): string | undefined;
  /**
   * Every file of the model with the payloads of `tensors` cut out as holes. Only `literal` bytes
   * differ from the original file, and only where a length or an encoding has to change. With
   * no tensors, each file is one `copy` segment.
   */
  layout(tensors: ReadonlySet<number>): readonly (readonly Segment[])[];
}
