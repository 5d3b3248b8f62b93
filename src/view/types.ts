/**
 * What the view room gives: plain data that survives structured cloning, with typed arrays for
 * whatever has one number a weight, bin, code or entry. Pages see these through
 * engine/protocol-view.ts, which says how each is asked for.
 */
import type { EntropyBound } from '../measure/entropy.ts';
import type { DType } from '../model/dtype.ts';
import type { FormatId } from '../model/format-names.ts';
import type { LayerKind, Role, Storage } from '../model/model.ts';

/** A tensor as a picture: `matrix` of outputs x inputs, `kernels` side by side, or one `row`. */
export type LayoutKind = 'matrix' | 'kernels' | 'row';

export interface LayoutSummary {
  readonly kind: LayoutKind;
  /** Of the whole picture, in weights. */
  readonly rows: number;
  readonly cols: number;
  /** Where lines of a grid belong: one kernel, or one of several matrices. 0: no grid. */
  readonly cellRows: number;
  readonly cellCols: number;
  /** The level at which one block covers everything; level 0 is single weights. */
  readonly topLevel: number;
  /** The finest level to be had; other than 0 only in a page that holds no more (protocol-page.ts). */
  readonly finest?: number;
}

/** A grid: levels, whole numbers from -L to L, times the scale of a channel (and of a column). */
export interface GridSummary {
  /** 2 L + 1, used or not. */
  readonly levels: number;
  /** Channels with a scale; columns with one, 0 when there are no such scales. */
  readonly channels: number;
  readonly columns: number;
}

export interface CodedSummary {
  /** Its codes are bytes of a tensor that was quantized already, which say nothing of weights. */
  readonly bytewise: boolean;
  readonly coder: 'huffman' | 'arithmetic';
  /** Shared values, the reserved zero included; 0 on a grid. */
  readonly codebookSize: number;
  /** Of a layer on a uniform grid; null: its weights share values. */
  readonly grid: GridSummary | null;
  /** Bits of the relative index; 0: dense. */
  readonly indexBits: number;
  readonly blocks: number;
  /** Stored entries: survivors and filler zeros, or all weights. */
  readonly entries: number;
  /** Bytes in the .dcz, by what they hold. */
  readonly bytes: {
    readonly values: number;
    readonly index: number;
    readonly codebook: number;
    readonly tables: number;
    readonly total: number;
  };
  readonly bitsPerWeight: number;
  /** Restored bytes / stored bytes. */
  readonly ratio: number;
  /** Root mean square of (restored value - original), as recorded when it was compressed. */
  readonly rmse: number;
}

export interface LayerSummary {
  /** Position in the model; what every query calls `layer`. */
  readonly layer: number;
  readonly name: string;
  /** Where it lies, for layers of one name. */
  readonly path: string;
  readonly op: string;
  readonly role: Role;
  /** '' where the tensor is no layer's matrix. */
  readonly kind: LayerKind | '';
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly parameters: number;
  /** Payload bytes as restored. */
  readonly bytes: number;
  readonly storage: Storage;
  /** Zeros in it mean pruned weights: a float weight of a layer, no norm, bias, shape or table. */
  readonly prunable: boolean;
  /** Why there is nothing to see (`no numbers`, `empty`), '' when there is. */
  readonly hidden: '' | 'no numbers' | 'empty';
  /** Zero of a quantized tensor; null: zero is 0. Values are then shown less their zero point. */
  readonly zeroPoint: { readonly layer: number; readonly perChannel: boolean } | null;
  /** The first one is the one to begin with; [] when hidden. */
  readonly layouts: readonly LayoutSummary[];
  /** Of a layer that a .dcz holds compressed. */
  readonly coded: CodedSummary | null;
}

/** An input or output of a model. */
export interface ViewPort {
  readonly name: string;
  /** '' when it is not known, or no tensor. */
  readonly dtype: DType | '';
  /** Numbers, symbolic names, or '' for an open dimension; null: of unknown rank. */
  readonly shape: readonly (number | string)[] | null;
}

export interface ViewOverview {
  readonly path: string;
  readonly format: FormatId | 'dcz';
  /** Of the file itself. */
  readonly bytes: number;
  /** Of a .dcz: what belongs to no layer. */
  readonly otherBytes: number;
  /** Of the format, as its users write it; '' where there is none. */
  readonly version: string;
  readonly producer: string;
  /** What the model takes and gives; empty for formats that hold weights alone. */
  readonly inputs: readonly ViewPort[];
  readonly outputs: readonly ViewPort[];
  readonly parameters: number;
  /** Parameters of layers that are `prunable`. */
  readonly prunable: number;
  /** By element type, the largest first. */
  readonly dtypes: readonly {
    readonly dtype: DType;
    readonly layers: number;
    readonly parameters: number;
    readonly bytes: number;
  }[];
  readonly layers: readonly LayerSummary[];
  readonly notes: readonly string[];
}

/** Statistics of a layer. `null` where no finite value is there to tell. */
export interface LayerMeasure {
  readonly layer: number;
  readonly weights: number;
  /** Equal to zero, or to the zero point. */
  readonly zeros: number;
  readonly nan: number;
  readonly infinite: number;
  readonly negative: number;
  /** zeros / weights */
  readonly sparsity: number;
  /** Over finite values. */
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly std: number | null;
  /** Sums of magnitudes and of squares' root, over finite values. */
  readonly l1: number;
  readonly l2: number;
  /** Different values; null: more than 65,536. */
  readonly distinct: number | null;
  readonly entropy: EntropyBound;
  /** Mean load of EIE's 64 PEs over the largest (eie/pe-load.ts); null: no matrix of weights, or none left. */
  readonly peBalance: number | null;
}

/**
 * A rectangle of a level: block (x, y) of level L covers weights [y 2^L, (y + 1) 2^L) x
 * [x 2^L, (x + 1) 2^L), cut off at the edges of the matrix. Row by row, width x height numbers.
 */
export interface Tile {
  readonly level: number;
  /** Tile coordinates: the tile begins at block (x size, y size). */
  readonly x: number;
  readonly y: number;
  readonly size: number;
  /** Blocks in it, fewer than `size` at the edges. */
  readonly width: number;
  readonly height: number;
  /** Weights in the whole tile. */
  readonly weights: number;
  /** Level 0: the weights themselves, NaN and infinities as they are. */
  readonly values?: Float32Array<ArrayBuffer>;
  /** Weights of each block that are not zero (NaN and infinities are not). Exact. */
  readonly nonzeros?: Uint32Array<ArrayBuffer>;
  /** nonzeros / area in 0 .. 255; 0 only when none, 255 only when all are. */
  readonly density?: Uint8Array<ArrayBuffer>;
  /** Mean magnitude of all weights of the block, NaN and infinities counting as 0. */
  readonly mean?: Float32Array<ArrayBuffer>;
  /** Largest magnitude; Infinity when the block has a NaN or an infinity. */
  readonly max?: Float32Array<ArrayBuffer>;
}

export type TileChannel = 'values' | 'nonzeros' | 'density' | 'mean' | 'max';

/** Sums along the lines of a layout; a position stands for `rowsPer` (`colsPer`) lines. */
export interface Marginals {
  readonly rows: number;
  readonly cols: number;
  readonly rowsPer: number;
  readonly colsPer: number;
  readonly rowNonzeros: Float64Array;
  readonly colNonzeros: Float64Array;
  /** Sums of magnitudes. */
  readonly rowMagnitude: Float64Array;
  readonly colMagnitude: Float64Array;
}

export interface CodebookView {
  /** `stored`: of a .dcz. `distinct`: a plain layer that has at most 257 values. */
  readonly from: 'stored' | 'distinct';
  /** Ascending but for the first of `stored`, which is the reserved zero. */
  readonly values: Float64Array;
  /** Weights of each. */
  readonly counts: Float64Array;
  /** Code length of each in the value stream; of a code made from `counts` where `made`. */
  readonly lengths: Uint8Array;
  readonly made: boolean;
  readonly weights: number;
  /** Filler zeros, which also have code 0 but are no weights. */
  readonly fillers: number;
  /** Recorded when it was compressed; null for `distinct`. */
  readonly rmse: number | null;
  /** Against the original, where it was given; one number a code each. */
  readonly errors: CodebookErrors | null;
}

export interface CodebookErrors {
  /** Sum of (shared - original)^2, of (shared - original), and the largest magnitude of it. */
  readonly squared: Float64Array;
  readonly signed: Float64Array;
  readonly largest: Float64Array;
  /** The originals that got this code lie between these; NaN for a code without weights. */
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** Over all weights. */
  readonly rmse: number;
}

export interface GridView {
  /** The largest magnitude of a level that occurs. */
  readonly largest: number;
  /** Weights of each level from -largest to largest, and how many levels have any. */
  readonly counts: Float64Array;
  readonly distinct: number;
  readonly weights: number;
  /** Order-0 entropy of the levels, bits a weight. */
  readonly entropy: number;
  /** Channels of one matrix, and weights of one channel. */
  readonly rows: number;
  readonly weightsOfChannel: number;
  /** One number a channel: what a level of 1 stands for, weights of level 0, the largest level. */
  readonly steps: Float64Array;
  readonly zeros: Float64Array;
  readonly reach: Uint16Array;
  /** Of every column of every matrix, a factor more; null: none. */
  readonly columnScales: Float64Array | null;
  /** Recorded when it was compressed. */
  readonly rmse: number;
  /** Against the original, where it was given. */
  readonly errors: GridErrors | null;
}

export interface GridErrors {
  /** Sum of (restored value - original)^2 of each channel. */
  readonly squared: Float64Array;
  /** Over all weights. */
  readonly rmse: number;
}

/** Bits of the arithmetic coder of a grid's levels. */
export interface SpendingView {
  /** Weights counted, and those of the layer: the same but in very large layers. */
  readonly weights: number;
  readonly of: number;
  /** What the coded blocks that were counted take. */
  readonly bytes: number;
  /** By bit length of the level, 0 for level 0: weights, and bits of the three kinds of decision. */
  readonly counts: Float64Array;
  readonly zero: Float64Array;
  readonly sign: Float64Array;
  readonly magnitude: Float64Array;
}

export interface HuffmanTree {
  /** Node 0 is the root; -1 where there is no child. The left child is bit 0. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Position in `symbols` of a leaf, -1 of an inner node. */
  readonly leaf: Int32Array;
  readonly depth: Uint8Array;
  /** Occurrences below. */
  readonly counts: Float64Array;
}

export interface HuffmanView {
  readonly stream: 'values' | 'gaps';
  /** False: the layer is coded otherwise; this is the code it would have. */
  readonly stored: boolean;
  /** Bits of the relative index that gaps are of. */
  readonly indexBits: number;
  /** Symbols in use in canonical order: by length, then by symbol. */
  readonly symbols: Uint16Array;
  /** Shared value or level of each, for values; empty for gaps. */
  readonly values: Float64Array;
  readonly counts: Float64Array;
  readonly lengths: Uint8Array;
  /** Code words, the first bit sent is the highest of `length` bits. */
  readonly words: Uint16Array;
  /** Symbols sent; the bits they take; what entropy allows. A sole symbol takes no bits. */
  readonly entries: number;
  readonly bits: number;
  readonly meanBits: number;
  readonly entropyBits: number;
  readonly tree: HuffmanTree;
}

/** Steps of decoding a stretch of one block, a column each. */
export interface StreamView {
  readonly coder: 'huffman' | 'arithmetic';
  readonly indexBits: number;
  /** Entries of the whole layer, and the number of the first step among them. */
  readonly total: number;
  readonly first: number;
  readonly block: number;
  readonly blocks: number;
  /** Entries of this block: a stretch ends with its block. */
  readonly blockFirst: number;
  readonly blockEntries: number;
  readonly count: number;
  readonly symbol: Uint16Array;
  /** The level that the symbol stands for; null: it stands for a shared value. */
  readonly level: Int32Array | null;
  /** Zeros before the weight; 0 when dense. */
  readonly gap: Uint16Array;
  readonly filler: Uint8Array;
  /** Flat index of the weight, and where it lies in the first layout. */
  readonly position: Float64Array;
  readonly row: Float64Array;
  readonly col: Float64Array;
  /** Restored value; 0 for a filler. */
  readonly weight: Float64Array;
  /** First bit in the block's stream, length and word; lengths are 0 where nothing was sent. */
  readonly valueBit: Float64Array;
  readonly valueLength: Uint8Array;
  readonly valueWord: Uint16Array;
  readonly gapBit: Float64Array;
  readonly gapLength: Uint8Array;
  readonly gapWord: Uint16Array;
}

export type Grain = 'weight' | 'vector' | 'kernel' | 'filter' | 'row' | 'column';

export interface GrainCount {
  readonly grain: Grain;
  /** Weights in one. */
  readonly size: number;
  readonly grains: number;
  /** Those that are wholly zero. */
  readonly zeroGrains: number;
  /** Share of all zeros that lie in them, and the share that chance would put there. */
  readonly share: number;
  readonly chance: number;
}

export interface PruningPattern {
  /** The coarsest grain that the zeros follow; `none`: hardly any zero. */
  readonly pattern: Grain | 'none';
  readonly weights: number;
  readonly zeros: number;
  readonly grains: readonly GrainCount[];
}

/** Two layers of one name in two models. */
export interface LayerPair {
  readonly layer: number;
  readonly other: number;
  /** '' when they can be compared. */
  readonly why: '' | 'shape' | 'no numbers';
}

export interface PairList {
  readonly pairs: readonly LayerPair[];
  /** Layers without a partner. */
  readonly onlyHere: readonly number[];
  readonly onlyThere: readonly number[];
}

/** this - other, weight by weight. */
export interface LayerDifference {
  readonly layer: number;
  readonly other: number;
  readonly weights: number;
  readonly changed: number;
  readonly becameZero: number;
  readonly becameNonzero: number;
  readonly signFlips: number;
  /** Weights where either is NaN or infinite and they differ; not in the norms. */
  readonly nonFinite: number;
  readonly l1: number;
  readonly l2: number;
  readonly largest: number;
  readonly rmse: number;
  /** l2 / l2 of the other; null when that is 0. */
  readonly relative: number | null;
  /** Cosine of the angle between both; null when either is 0. */
  readonly cosine: number | null;
}

/** A node of the data flow. `join`: values of different origin meet. */
export interface FlowNode {
  readonly kind: 'layers' | 'join' | 'input' | 'output';
  /** Label of the operator: its name, else its type; of an input or output its own name. */
  readonly name: string;
  /** '' of inputs and outputs. */
  readonly op: string;
  /** Layers it uses, in the order of its inputs; none but for `layers`. */
  readonly layers: readonly number[];
  /** Longest way from a beginning, for drawing in ranks. Every edge leads to a higher one. */
  readonly rank: number;
}

/** The data flow between layers: operators that only pass values on are left out. */
export interface FlowGraph {
  /** Nothing leads to a node that stands before it. */
  readonly nodes: readonly FlowNode[];
  /** Pairs of node positions: from, to, from, to, … */
  readonly edges: Int32Array;
}
