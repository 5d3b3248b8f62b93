/**
 * One layer on any machine: the pieces put together, and kept between runs, so that a slider or a
 * sweep recomputes only what its parameter touches. The encoding depends on PEs, index bits and bias;
 * the schedule on PEs, detection and arithmetic; the output on neither PEs, queues nor widths.
 */
import { makeArithmetic, type Arithmetic, type FixedFormat } from './arithmetic.ts';
import { checkCapacity, type Capacity } from './capacity.ts';
import { encode, type Encoding } from './encode.ts';
import { layerEnergy, type Energy } from './energy.ts';
import { checkLayer, type Layer } from '../layers/layer.ts';
import type { Machine } from './machine.ts';
import { computeOutput, type Output } from './output.ts';
import { makeSchedule, type Schedule } from './schedule.ts';
import { countEntries, countLayer, simulate, type Counts, type Statistics } from './simulate.ts';
import { timeLayer } from './timing.ts';

export interface LayerRun {
  readonly layer: Layer;
  readonly machine: Machine;
  readonly statistics: Statistics;
  readonly energy: Energy;
  readonly capacity: Capacity;
  /** Before ReLU, one value a row. */
  readonly output: Float32Array;
  /** Additions that hit the accumulator's bound, and inputs and weights that did not fit (fixed point). */
  readonly saturations: number;
  readonly clamped: number;
  /** The fixed-point format used; null for float32. */
  readonly format: FixedFormat | null;
}

/** A value and the key it was made for; only the latest is kept. */
class Latest<T> {
  private key = '';
  private value: T | undefined;

  get(key: string, make: () => T): T {
    if (this.value === undefined || this.key !== key) {
      this.value = make();
      this.key = key;
    }
    return this.value;
  }

  set(key: string, value: T): void {
    this.key = key;
    this.value = value;
  }
}

/** Simulates one layer; cheap to ask again with another machine. */
export class LayerSimulator {
  private readonly encodings = new Latest<Encoding>();
  private readonly schedules = new Latest<Schedule>();
  private readonly arithmetics = new Latest<Arithmetic>();
  private readonly outputs = new Latest<Output>();
  private readonly sums = new Latest<Float32Array>();
  private readonly entryCounts = new Latest<{ entries: number; fillers: number }>();
  private readonly checks = new Latest<true>();

  constructor(readonly layer: Layer) {}

  encoding(machine: Machine): Encoding {
    const { matrix, bias } = this.layer;
    this.check(machine);
    return this.encodings.get(encodingKey(machine), () =>
      encode(matrix, bias, machine.pes, machine.indexBits, machine.hasBias),
    );
  }

  /** Gives an encoding made before, of this layer and for this machine, to be used instead. */
  useEncoding(machine: Machine, encoding: Encoding): void {
    this.encodings.set(encodingKey(machine), encoding);
  }

  arithmetic(machine: Machine): Arithmetic {
    this.check(machine);
    return this.arithmetics.get(arithmeticKey(machine), () =>
      makeArithmetic(machine, this.layer.codebook, this.layer.activations, () =>
        this.floatSums(machine),
      ),
    );
  }

  schedule(machine: Machine): Schedule {
    return this.schedules.get(`${machine.pes}/${arithmeticKey(machine)}`, () =>
      makeSchedule(
        this.arithmetic(machine).activations,
        machine.pes,
        machine.detect,
        machine.hasBias,
      ),
    );
  }

  /** The layer's output; the same for every N, ring, width and index width. */
  output(machine: Machine): Output {
    return this.outputs.get(arithmeticKey(machine), () => {
      const { matrix, bias } = this.layer;
      const arithmetic = this.arithmetic(machine);
      const sums = computeOutput(matrix, bias, this.schedule(machine).columns, arithmetic);
      return { ...sums, values: this.scaled(sums.values) };
    });
  }

  /** The output in float32, whatever the machine's precision. */
  floatOutput(machine: Machine): Float32Array {
    return this.scaled(this.floatSums(machine));
  }

  /** What the accumulators hold at the end, in float32. */
  private floatSums(machine: Machine): Float32Array {
    return this.sums.get(`${machine.detect}/${machine.hasBias}`, () => {
      const { matrix, bias, codebook, activations } = this.layer;
      const exact = { ...machine, precision: 'float32' as const };
      const arithmetic = makeArithmetic(exact, codebook, activations, () => activations);
      const { columns } = makeSchedule(activations, 1, machine.detect, machine.hasBias);
      return computeOutput(matrix, bias, columns, arithmetic).values;
    });
  }

  /** Everything about the layer on this machine. `bins`: most bins of the queue timeline, 0: none. */
  run(machine: Machine, bins = 0): LayerRun {
    const encoding = this.encoding(machine);
    const statistics = simulate(encoding, this.schedule(machine), machine, bins);
    const { values, saturations } = this.output(machine);
    const { clamped, format } = this.arithmetic(machine);
    return {
      layer: this.layer,
      machine,
      statistics,
      energy: layerEnergy(machine, statistics),
      capacity: checkCapacity(encoding, machine),
      output: values,
      saturations,
      clamped,
      format,
    };
  }

  /** The counts alone: what one point of a sweep needs. */
  counts(machine: Machine): Counts {
    const encoding = this.encoding(machine);
    const schedule = this.schedule(machine);
    const known = this.entryCounts.get(`${encodingKey(machine)}/${arithmeticKey(machine)}`, () =>
      countEntries(encoding, schedule.columns),
    );
    const timing = timeLayer(encoding, schedule, machine.ring);
    return countLayer(encoding, schedule, machine, timing, known);
  }

  private scaled(sums: Float32Array): Float32Array {
    const { rowScales } = this.layer;
    return rowScales === undefined ? sums : sums.map((sum, r) => sum * rowScales[r]);
  }

  private check(machine: Machine): void {
    this.checks.get(`${machine.weightBits}`, () => {
      checkLayer(this.layer, machine.weightBits);
      return true;
    });
  }
}

const encodingKey = (m: Machine): string => `${m.pes}/${m.indexBits}/${m.hasBias}`;
const arithmeticKey = (m: Machine): string =>
  [
    m.precision,
    m.precision === 'float32' ? '' : m.rounding,
    m.weightFraction,
    m.activationFraction,
    m.detect,
    m.hasBias,
  ].join('/');
