/**
 * What the jobs of the EIE simulator take and give (docs/eie.md says what every number means).
 * Plain data like the rest of the protocol; what has one number a PE or a time bin is a typed array
 * (JSON output turns those into lists).
 */
import type { FixedFormat } from '../eie/arithmetic.ts';
import type { Capacity } from '../eie/capacity.ts';
import type { Energy, Part } from '../eie/energy.ts';
import type { Bars, Platform, WallClock } from '../eie/platforms.ts';
import type { Statistics } from '../eie/simulate.ts';
import type { SweepAxis, SweepPoint } from '../eie/sweep.ts';
import type { LayerKind } from '../model/model.ts';
import type { Detection, Precision, Rounding } from '../shared/machine.ts';
import type {
  DesignSpaceInput,
  DesignSpaceResult,
  HostProduct,
  LayerActivations,
  LayerDesigns,
  SimulationInput,
  SimulationResult,
} from './protocol-simulate.ts';

export type { SweepAxis, SweepAxisName } from '../eie/sweep.ts';

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

/** Parameters as they were simulated; null where they differ between the layers of a run. */
export type MachineConfig = {
  readonly [K in keyof Required<MachineOptions>]: Required<MachineOptions>[K] | null;
};
/** The same for one layer, where nothing is open. */
export type LayerMachine = Required<MachineOptions>;

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

/** What the simulator counts (eie/simulate.ts), and what it is of. */
export interface SimulatedLayer extends Omit<Statistics, 'broadcasts' | 'bubbles'> {
  /** Position among all layers of the source. */
  readonly index: number;
  readonly name: string;
  /** As in `config.source`; of one workload of `workload:all`, its own. */
  readonly source: string;
  /** Operator in the model; '' for workloads and cases. */
  readonly op: string;
  readonly kind: LayerKind;
  readonly rows: number;
  readonly cols: number;
  /** Non-zero weights of the matrix, biases not counted. */
  readonly nonzeros: number;
  /** Shared values, or levels of a grid that occur; zero included. */
  readonly codebookSize: number;
  /** Broadcasts: inputs that are sent, and the bias column. */
  readonly activeColumns: number;
  readonly energyUj: {
    /** Time x power: the paper's own account. */
    readonly constantPower: number;
    /** From counts of events: ours. */
    readonly eventBased: number;
    /** Sums to eventBased. */
    readonly parts: Energy['partsUj'];
    /** What the precision's multiplier adds to the 16-bit one; in neither account. */
    readonly multiplier: number;
  };
  readonly powerWatt: number;
  readonly areaMm2: number;
  /** Sentences: where the cycles go, and how uneven the PEs are. */
  readonly explanation: { readonly loss: string; readonly balance: string };
  /** SHA-256 (hex) of the output before ReLU as little-endian float32. */
  readonly outputSha256: string;
  /** Fixed point: additions that saturated, and inputs and weights that did not fit. */
  readonly saturations: number;
  readonly clamped: number;
  readonly format: Omit<FixedFormat, 'rounding'> | null;
  readonly machine: LayerMachine;
  readonly activations: LayerActivations;
  /** Vectors that this matrix multiplies in one inference; null when not known. */
  readonly runsPerInference: number | null;
  readonly capacity: Capacity;
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

export type SimulateInput = SimulationInput<MachineOptions>;
export type SimulateResult = SimulationResult<MachineConfig, SimulatedLayer, SimulateTotals>;
export type SimulateConfig = SimulateResult['config'];

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

export type SweepInput = DesignSpaceInput<MachineOptions, SweepAxis>;
export type SweptLayer = LayerDesigns<SweptPoint>;
export type SweepResult = DesignSpaceResult<MachineConfig, SweepAxis, SweptPoint>;

/** The paper's Tables II, IV and V and Figures 6 and 7: all published, nothing simulated. */
export interface PublishedResult {
  /** Order of every row of nine. */
  readonly layers: readonly { readonly id: string; readonly name: string }[];
  readonly wallClocks: readonly WallClock[];
  readonly platforms: readonly Platform[];
  readonly speedupBars: readonly PublishedBars[];
  readonly efficiencyBars: readonly PublishedBars[];
  /** EIE's speed-up from Table IV: geometric means, computed. */
  readonly meanSpeedups: {
    readonly overCpuDense: number;
    readonly overGpuDense: number;
    readonly overMobileGpuDense: number;
  };
  /** Table II, one PE. */
  readonly peModules: readonly Part[];
  /** Contradictions of the paper, one line each. */
  readonly notes: readonly string[];
}

export interface PublishedBars extends Bars {
  /** The mean that the bars give. */
  readonly computedMean: number;
}
