/**
 * What the jobs of the EIE simulator take and give (docs/eie.md says what every number means).
 * Plain data like the rest of the protocol; what has one number a PE or a time bin is a typed array
 * (JSON output turns those into lists).
 */
import type { SweepPoint } from '../eie/sweep.ts';
import type { Detection, Precision, Rounding } from '../shared/machine.ts';
import type { FileInput } from './protocol-model.ts';

/** Where the layers come from. */
export type SimulateSource =
  /** A .dcz, or an .onnx that is compressed on the way with the `eie` preset. */
  | { readonly kind: 'model'; readonly file: FileInput }
  /** A benchmark layer of the paper's Table III (`alex-7`), or `all` nine. */
  | { readonly kind: 'workload'; readonly name: string }
  /** A cases file (docs/eie.md, "Cases files"). */
  | { readonly kind: 'cases'; readonly file: FileInput };

/** The machine, by the names of the command line (limits: shared/machine.ts). What is left out is the paper's, or the case's. */
export interface MachineOptions {
  /** Processing elements. */
  readonly pe?: number;
  /** Slots of a queue's ring: it holds one item less. */
  readonly fifo?: number;
  /** Bits of one row of the sparse-matrix SRAM. */
  readonly sramWidth?: number;
  readonly indexBits?: number;
  /** Left out: 4 up to 16 shared values or levels, 8 up to 256, per layer. */
  readonly weightBits?: number;
  readonly clockMHz?: number;
  readonly precision?: Precision;
  readonly rounding?: Rounding;
  readonly hasBias?: boolean;
  /** Left out: `nonzero` for layers whose inputs can be negative, else `positive`. */
  readonly detect?: Detection;
}

/** What decides the layers and their activations: everything but the machine. */
export interface SimulateLayers {
  readonly source: SimulateSource;
  /** Sample input of the model (.npz by input name, one .npy, or a data set, whose first sample it is);
   * random when absent. */
  readonly input?: FileInput;
  /** Share of non-zero activations, 0 to 1, drawn at random instead of running the model. */
  readonly density?: number;
  /** Seed of workloads, random inputs and random activations. */
  readonly seed: number;
  /** Threads for compressing and sweeping; as many as the machine offers when absent. */
  readonly threads?: number;
  /** Positions (`SimulatedLayer.index`) of the layers wanted; all when absent. */
  readonly layers?: readonly number[];
}

/**
 * The worker keeps the prepared layers (codes, activations, encodings) of the last sources, keyed by
 * their content and the options above, so that a call that changes only `machine` or `layers`
 * answers in milliseconds: a slider just calls again.
 */
export interface SimulateInput extends SimulateLayers {
  readonly machine?: MachineOptions;
  /** Most bins of a layer's queue timeline; 0 or absent: no timeline. */
  readonly timelineBins?: number;
  /** Time this machine's own dense and sparse product of every layer (not for slider steps). */
  readonly measureHost?: boolean;
}

/** Parameters as they were simulated; null where they differ between the layers of a run. */
export type MachineConfig = {
  readonly [K in keyof Required<MachineOptions>]: Required<MachineOptions>[K] | null;
};
/** The same for one layer, where nothing is open. */
export type LayerMachine = Required<MachineOptions>;

export interface SimulateConfig extends MachineConfig {
  /** The source as a user writes it: a path, `workload:alex-7`, `cases:FILE.json`. */
  readonly source: string;
  readonly seed: number;
  /** Asked for on the command line; null: from the model, the workload or the case. */
  readonly density: number | null;
  /** Path of the sample input; null: none was given. */
  readonly input: string | null;
}

export interface LayerActivations {
  /** Where the vector comes from: a `sample` or `random-input` that the model ran on, …. */
  readonly from: 'case' | 'workload' | 'sample' | 'random-input' | 'density';
  /** Share of inputs that are not zero in the vector that is simulated. */
  readonly density: number;
  /** The mean of that share over the vectors that were looked at; null when there is only one. */
  readonly meanDensity: number | null;
  /** One line: which vector of how many, or why the model could not give one. '' for none. */
  readonly note: string;
}

/** PE-cycles by cause, one number a PE each; the parts of `starved` are fill … drain. */
export interface SimulatedPerPe {
  readonly entries: Int32Array;
  readonly filler: Int32Array;
  readonly emptyLookups: Int32Array;
  /** entries + emptyLookups; busy + starved = cycles. */
  readonly busy: Int32Array;
  /** Broadcast stalls while this PE's own queue was full (also in busy). */
  readonly stalled: Int32Array;
  readonly starved: Int32Array;
  readonly fill: Int32Array;
  readonly scan: Int32Array;
  readonly queueFull: Int32Array;
  readonly imbalance: Int32Array;
  readonly drain: Int32Array;
}

export interface SimulatedTimeline {
  readonly binCycles: number;
  readonly bins: number;
  /** Mean items in PE p's queue over bin b, at [b * pe + p]. */
  readonly queue: Float32Array;
  /** Share of PE-cycles of a bin that walk an entry. */
  readonly working: Float32Array;
  readonly stalls: Int32Array;
  readonly broadcasts: Int32Array;
}

export interface SramNeed {
  /** Bytes of the fullest PE. */
  readonly needed: number;
  readonly available: number;
}

/** Published figures of a benchmark layer; never simulated. Microseconds. */
export interface PublishedLayer {
  /** Table IV, EIE with 64 PEs. */
  readonly theoreticalUs: number;
  readonly actualUs: number;
  /** The authors' simulator on a synthetic layer of these densities (docs/eie.md). */
  readonly authorsSimulator: { readonly theoreticalUs: number; readonly timeUs: number };
  /** Table IV at batch 1, for speed-ups. */
  readonly cpuDenseUs: number;
  readonly cpuSparseUs: number;
  readonly gpuDenseUs: number;
  readonly gpuSparseUs: number;
  readonly mobileGpuDenseUs: number;
  readonly mobileGpuSparseUs: number;
  /** Bars of Figures 6 and 7: EIE over CPU dense. */
  readonly speedup: number;
  readonly energyEfficiency: number;
  /** Table III. */
  readonly weightPercent: number;
  readonly activationPercent: number;
  /** Where Table III's averages cannot reproduce the paper; '' where they can. */
  readonly note: string;
}

/** This machine's own products of the layer, one core, batch 1, measured in the same run. */
export interface HostProduct {
  readonly denseUs: number;
  readonly sparseUs: number;
}

export interface SimulatedLayer {
  /** Position among all layers of the source. */
  readonly index: number;
  readonly name: string;
  /** As in `config.source`; of one workload of `workload:all`, its own. */
  readonly source: string;
  /** Operator in the model; '' for workloads and cases. */
  readonly op: string;
  readonly kind: 'conv' | 'fc' | 'recurrent' | 'other';
  readonly rows: number;
  readonly cols: number;
  /** Non-zero weights of the matrix, biases not counted. */
  readonly nonzeros: number;
  /** Shared values, or levels of a grid that occur; zero included. */
  readonly codebookSize: number;
  /** Broadcasts: inputs that are sent, and the bias column. */
  readonly activeColumns: number;
  readonly paddingEntries: number;
  readonly cycles: number;
  readonly theoreticalCycles: number;
  readonly timeUs: number;
  readonly theoreticalTimeUs: number;
  readonly loadBalance: number;
  readonly validWritesPerPeCycle: number;
  readonly pointerReads: number;
  readonly spmatReads: number;
  readonly entries: number;
  readonly validWrites: number;
  readonly realWork: number;
  readonly broadcastStalls: number;
  readonly emptyLookups: number;
  readonly starved: number;
  readonly queueHighWater: number;
  readonly energyUj: {
    /** Time x power: the paper's own account. */
    readonly constantPower: number;
    /** From counts of events: ours. */
    readonly eventBased: number;
    /** Sums to eventBased. */
    readonly parts: {
      readonly pointer: number;
      readonly spmat: number;
      readonly arithmetic: number;
      readonly activation: number;
      readonly queue: number;
      readonly detection: number;
    };
    /** What the precision's multiplier adds to the 16-bit one; in neither account. */
    readonly multiplier: number;
  };
  readonly powerWatt: number;
  readonly areaMm2: number;
  /** All PE-cycles by cause; together cycles x PEs. */
  readonly causes: {
    readonly work: number;
    readonly filler: number;
    readonly emptyColumns: number;
    readonly fill: number;
    readonly scan: number;
    readonly queueFull: number;
    readonly imbalance: number;
    readonly drain: number;
  };
  /** Sentences: where the cycles go, and how uneven the PEs are. */
  readonly explanation: { readonly loss: string; readonly balance: string };
  readonly perPe: SimulatedPerPe;
  readonly timeline: SimulatedTimeline | null;
  /** SHA-256 (hex) of the output before ReLU as little-endian float32. */
  readonly outputSha256: string;
  /** Fixed point: additions that saturated, and inputs and weights that did not fit. */
  readonly saturations: number;
  readonly clamped: number;
  readonly format: {
    readonly bits: number;
    readonly weightFraction: number;
    readonly activationFraction: number;
  } | null;
  readonly machine: LayerMachine;
  readonly activations: LayerActivations;
  /** Vectors that this matrix multiplies in one inference; null when not known. */
  readonly runsPerInference: number | null;
  readonly capacity: {
    readonly spmat: SramNeed;
    readonly pointer: SramNeed;
    readonly activation: SramNeed;
    readonly inputBatches: number;
    readonly outputBatches: number;
    /** First column of each part the layer would be split into; [0] when it fits. */
    readonly parts: readonly number[];
    readonly warnings: readonly string[];
  };
  /** null for layers that are not the paper's. */
  readonly published: PublishedLayer | null;
  /** null unless asked for. */
  readonly thisMachine: HostProduct | null;
}

export interface SimulateTotals {
  readonly layers: number;
  readonly nonzeros: number;
  readonly entries: number;
  /** One run of every layer. */
  readonly cycles: number;
  readonly theoreticalCycles: number;
  readonly timeUs: number;
  readonly theoreticalTimeUs: number;
  /** Entries over PE-cycles of all layers. */
  readonly loadBalance: number;
  readonly pointerReads: number;
  readonly spmatReads: number;
  readonly energyUj: { readonly constantPower: number; readonly eventBased: number };
  /** Every layer as often as one inference runs it; null when that is not known of some layer. */
  readonly perInference: {
    readonly timeUs: number;
    readonly energyUj: { readonly constantPower: number; readonly eventBased: number };
  } | null;
  /** Sums over layers, where measured. */
  readonly thisMachine: HostProduct | null;
  /** Geometric means over the paper's layers in this run; null when there are none. */
  readonly speedupOverCpuDense: {
    /** Published CPU time / simulated time. */
    readonly simulated: number;
    /** Published CPU time / published EIE time. */
    readonly published: number;
  } | null;
}

export interface SimulateResult {
  readonly config: SimulateConfig;
  readonly layers: readonly SimulatedLayer[];
  /** All layers there are, for a choice, also when only some were asked for. */
  readonly available: readonly {
    readonly index: number;
    /** Position among the model's tensors, several of which may have one name; -1: of no model. */
    readonly tensor: number;
    readonly name: string;
  }[];
  /** What cannot run on EIE, with one line why. */
  readonly skipped: readonly {
    readonly tensor: number;
    readonly name: string;
    readonly reason: string;
  }[];
  readonly totals: SimulateTotals;
  readonly notes: readonly string[];
}

export type SweepAxisName = 'pe' | 'index-bits' | 'precision' | 'fifo' | 'sram-width' | 'clock';

export interface SweepAxis {
  readonly name: SweepAxisName;
  readonly values: readonly (number | Precision)[];
}

export interface SweepInput extends SimulateLayers {
  readonly machine?: MachineOptions;
  readonly axes: readonly SweepAxis[];
}

/** One machine: the quantities of Figures 8 (loadBalance), 9, 11 (speedup), 12 (realWork), 13. */
export interface SweptPoint extends SweepPoint {
  /** No other point of the sweep is at least as good in time, energy and area, and better in one. */
  readonly pareto: boolean;
  /** Figure 11: time of the fewest PEs of the sweep, all else equal, over this point's. */
  readonly speedup: number;
  /** Figure 9: energy of one row read and of all of them (docs/eie.md: ours, except at 64 bits). */
  readonly rowReadPj: number;
  readonly spmatUj: number;
}

export interface SweptLayer {
  readonly index: number;
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly nonzeros: number;
  /** One a combination of the axes' values, in the same order for every layer. */
  readonly points: readonly SweptPoint[];
}

export interface SweepResult {
  readonly config: SimulateConfig;
  readonly axes: readonly SweepAxis[];
  readonly layers: readonly SweptLayer[];
  /** Sums over the layers point by point (means weighted by time); the layer's own when it is one. */
  readonly total: readonly SweptPoint[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly notes: readonly string[];
  readonly seconds: number;
}

/** The paper's Tables II, IV and V and Figures 6 and 7: all published, nothing simulated. */
export type PublishedInput = Readonly<Record<string, never>>;
export interface PublishedResult {
  /** Order of every row of nine. */
  readonly layers: readonly { readonly id: string; readonly name: string }[];
  readonly wallClocks: readonly {
    readonly platform: string;
    readonly device: string;
    readonly batch: number;
    readonly kind: string;
    readonly microseconds: readonly number[];
  }[];
  readonly platforms: readonly {
    readonly name: string;
    readonly year: number;
    readonly type: string;
    readonly technologyNm: number;
    readonly clockMHz: number | null;
    readonly memory: string;
    readonly maxParameters: string;
    readonly quantization: string;
    readonly areaMm2: number | null;
    readonly powerWatt: number;
    readonly layersPerSecond: number;
    readonly layersPerJoule: number;
    readonly layersPerSecondPerMm2: number | null;
  }[];
  readonly speedupBars: readonly PublishedBars[];
  readonly efficiencyBars: readonly PublishedBars[];
  /** EIE's speed-up from Table IV: geometric means, computed. */
  readonly meanSpeedups: {
    readonly overCpuDense: number;
    readonly overGpuDense: number;
    readonly overMobileGpuDense: number;
  };
  /** Table II, one PE. */
  readonly peModules: readonly {
    readonly name: string;
    readonly milliwatt: number | null;
    readonly squareMicron: number;
  }[];
  /** Contradictions of the paper, one line each. */
  readonly notes: readonly string[];
}

export interface PublishedBars {
  readonly series: string;
  readonly values: readonly number[];
  /** The mean the figure prints, and the one its bars give. */
  readonly printedMean: number;
  readonly computedMean: number;
}
