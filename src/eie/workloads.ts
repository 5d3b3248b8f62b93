/**
 * The nine benchmark layers of the paper's Table III as seeded synthetic workloads: weights uniform
 * at random at the table's density, codes uniform over the 15 non-zero ones, no bias weights.
 *
 * The table's activation densities are averages over images; a simulation has one input. The number
 * of active inputs here is that of the random draw for which the authors' own simulator was measured
 * (docs/eie.md, "The nine layers"), within two standard deviations of the table's density, so that
 * every seed can be compared with those figures: the seed moves which inputs and weights are
 * non-zero. `activationPercent` is the table's. Table III's averages cannot reproduce the paper's
 * times of Alex-8 and VGG-6: its real weights and its one real image differ from them (`note`).
 */
import { DeepCompressionError } from '../model/errors.ts';
import { mulberry32 } from '../model/random.ts';
import type { Layer } from '../layers/layer.ts';
import { randomActivations, randomMatrix } from '../layers/random.ts';

export interface Workload {
  /** What `workload:` takes, e.g. `alex-7`. */
  readonly id: string;
  /** The paper's name. */
  readonly name: string;
  readonly cols: number;
  readonly rows: number;
  /** Table III, percent. */
  readonly weightPercent: number;
  readonly activationPercent: number;
  readonly flopPercent: number;
  /** Inputs above zero in the synthetic input. */
  readonly activeInputs: number;
  /** Table IV, EIE with 64 PEs, microseconds. */
  readonly published: { readonly theoreticalUs: number; readonly actualUs: number };
  /** The authors' simulator on a synthetic layer of these densities: reference, not the paper. */
  readonly measured: { readonly theoreticalUs: number; readonly cycles: number };
  /** Where the averages cannot reproduce the paper. */
  readonly note: string;
}

const average =
  "Table III's densities are averages; the paper simulated one real image, whose density (and, for VGG-6, weight structure) differs, so this time cannot be reproduced from them";

const row = (
  name: string,
  cols: number,
  rows: number,
  percents: readonly [number, number, number],
  activeInputs: number,
  published: readonly [number, number],
  measured: readonly [number, number],
  note = '',
): Workload => ({
  id: name.toLowerCase(),
  name,
  cols,
  rows,
  weightPercent: percents[0],
  activationPercent: percents[1],
  flopPercent: percents[2],
  activeInputs,
  published: { theoreticalUs: published[0], actualUs: published[1] },
  measured: { theoreticalUs: measured[0], cycles: measured[1] },
  note,
});

export const workloads: readonly Workload[] = [
  row('Alex-6', 9216, 4096, [9, 35.1, 3], 3264, [28.1, 30.3], [28.09, 23194]),
  row('Alex-7', 4096, 4096, [9, 35.3, 3], 1389, [11.7, 12.2], [11.91, 9887]),
  row('Alex-8', 4096, 1000, [25, 37.5, 10], 1500, [8.9, 9.9], [7.37, 6429], average),
  row('VGG-6', 25088, 4096, [4, 18.3, 1], 4495, [28.1, 34.4], [22.52, 19524], average),
  row('VGG-7', 4096, 4096, [4, 37.5, 2], 1490, [7.9, 8.7], [7.45, 6496]),
  row('VGG-8', 4096, 1000, [23, 41.1, 9], 1662, [7.3, 8.4], [7.45, 6552]),
  row('NT-We', 4096, 600, [10, 100, 10], 4096, [5.2, 8.0], [4.8, 6017]),
  row('NT-Wd', 600, 8791, [11, 100, 11], 600, [13.0, 13.9], [13.13, 10735]),
  row('NT-LSTM', 1201, 2400, [10, 100, 11], 1201, [6.5, 7.5], [6.26, 5391]),
];

/** The workload called `id`, any case. @throws DeepCompressionError `not-found` listing the names. */
export function findWorkload(id: string): Workload {
  const found = workloads.find((w) => w.id === id.toLowerCase());
  if (found) return found;
  throw new DeepCompressionError(
    'not-found',
    `no workload ${JSON.stringify(id)}; there are ${workloads.map((w) => w.id).join(', ')} and all`,
  );
}

/** 15 non-zero values from -0.7 to 0.8; only their signs and count matter to the machine. */
const codebook = Float32Array.from({ length: 16 }, (_, k) => (k === 0 ? 0 : (k - 7.5) / 10));

/** The synthetic layer of a workload; the same seed gives the same layer everywhere. */
export function makeWorkload(workload: Workload, seed: number): Layer {
  const index = workloads.indexOf(workload);
  const random = mulberry32((Math.imul(seed | 0, 0x9e3779b1) ^ (index + 1)) | 0);
  return {
    name: workload.name,
    matrix: randomMatrix(
      workload.rows,
      workload.cols,
      workload.weightPercent / 100,
      codebook.length,
      random,
    ),
    bias: null,
    codebook,
    activations: randomActivations(workload.cols, workload.activeInputs, random),
  };
}
