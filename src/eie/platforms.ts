/**
 * Published figures: the paper's Tables IV and V and the bar labels of Figures 6 and 7, and what
 * follows from them by arithmetic. Everything here is `published`; nothing is simulated. Means are
 * computed from the tables, not copied, because the paper contradicts itself in places: see `notes`.
 */

/** The nine layers in the order of every row below (workloads.ts has them by id). */
export const layerIds = [
  'alex-6',
  'alex-7',
  'alex-8',
  'vgg-6',
  'vgg-7',
  'vgg-8',
  'nt-we',
  'nt-wd',
  'nt-lstm',
] as const;

export interface WallClock {
  readonly platform: 'CPU' | 'GPU' | 'mGPU' | 'EIE';
  /** The part: i7-5930K, Titan X, Tegra K1, 64 PEs. */
  readonly device: string;
  readonly batch: 1 | 64;
  readonly kind: 'dense' | 'sparse' | 'theoretical' | 'actual';
  /** Microseconds a layer (per input of the batch), one for each of `layerIds`. */
  readonly microseconds: readonly number[];
}

const wall = (
  platform: WallClock['platform'],
  device: string,
  batch: 1 | 64,
  kind: WallClock['kind'],
  microseconds: readonly number[],
): WallClock => ({ platform, device, batch, kind, microseconds });

/** Table IV. */
export const wallClocks: readonly WallClock[] = [
  wall(
    'CPU',
    'i7-5930K',
    1,
    'dense',
    [7516.2, 6187.1, 1134.9, 35022.8, 5372.8, 774.2, 605.0, 1361.4, 470.5],
  ),
  wall(
    'CPU',
    'i7-5930K',
    1,
    'sparse',
    [3066.5, 1282.1, 890.5, 3774.3, 545.1, 777.3, 261.2, 437.4, 260.0],
  ),
  wall('CPU', 'i7-5930K', 64, 'dense', [318.4, 188.9, 45.8, 1056.0, 188.3, 45.7, 28.7, 69.0, 28.8]),
  wall(
    'CPU',
    'i7-5930K',
    64,
    'sparse',
    [1417.6, 682.1, 407.7, 1780.3, 274.9, 363.1, 117.7, 176.4, 107.4],
  ),
  wall('GPU', 'Titan X', 1, 'dense', [541.5, 243.0, 80.5, 1467.8, 243.0, 80.5, 65, 90.1, 51.9]),
  wall('GPU', 'Titan X', 1, 'sparse', [134.8, 65.8, 54.6, 167.0, 39.8, 48.0, 17.7, 41.1, 18.5]),
  wall('GPU', 'Titan X', 64, 'dense', [19.8, 8.9, 5.9, 53.6, 8.9, 5.9, 3.2, 2.3, 2.5]),
  wall('GPU', 'Titan X', 64, 'sparse', [94.6, 51.5, 23.2, 121.5, 24.4, 22.0, 10.9, 11.0, 9.0]),
  wall(
    'mGPU',
    'Tegra K1',
    1,
    'dense',
    [12437.2, 5765.0, 2252.1, 35427.0, 5544.3, 2243.1, 1316, 2565.5, 956.9],
  ),
  wall(
    'mGPU',
    'Tegra K1',
    1,
    'sparse',
    [2879.3, 1256.5, 837.0, 4377.2, 626.3, 745.1, 240.6, 570.6, 315],
  ),
  wall(
    'mGPU',
    'Tegra K1',
    64,
    'dense',
    [1663.6, 2056.8, 298.0, 2001.4, 2050.7, 483.9, 87.8, 956.3, 95.2],
  ),
  wall(
    'mGPU',
    'Tegra K1',
    64,
    'sparse',
    [4003.9, 1372.8, 576.7, 8024.8, 660.2, 544.1, 236.3, 187.7, 186.5],
  ),
  wall('EIE', '64 PEs', 1, 'theoretical', [28.1, 11.7, 8.9, 28.1, 7.9, 7.3, 5.2, 13.0, 6.5]),
  wall('EIE', '64 PEs', 1, 'actual', [30.3, 12.2, 9.9, 34.4, 8.7, 8.4, 8.0, 13.9, 7.5]),
];

export interface Platform {
  readonly name: string;
  readonly year: number;
  readonly type: 'CPU' | 'GPU' | 'mGPU' | 'FPGA' | 'ASIC';
  readonly technologyNm: number;
  /** null: asynchronous. */
  readonly clockMHz: number | null;
  readonly memory: string;
  readonly maxParameters: string;
  readonly quantization: string;
  /** null: not given. */
  readonly areaMm2: number | null;
  readonly powerWatt: number;
  /** Matrix-vector products a second; the slides call them layers/s, the paper frames/s. */
  readonly layersPerSecond: number;
  readonly layersPerJoule: number;
  readonly layersPerSecondPerMm2: number | null;
}

const platform = (
  name: string,
  year: number,
  type: Platform['type'],
  technologyNm: number,
  clockMHz: number | null,
  memory: string,
  maxParameters: string,
  quantization: string,
  figures: readonly [number | null, number, number, number | null, number],
): Platform => ({
  name,
  year,
  type,
  technologyNm,
  clockMHz,
  memory,
  maxParameters,
  quantization,
  areaMm2: figures[0],
  powerWatt: figures[1],
  layersPerSecond: figures[2],
  layersPerSecondPerMm2: figures[3],
  layersPerJoule: figures[4],
});

/** Table V: FC7 of AlexNet (TrueNorth: TIMIT LSTM). */
export const platforms: readonly Platform[] = [
  platform(
    'Core i7-5930K',
    2014,
    'CPU',
    22,
    3500,
    'DRAM',
    '<16G',
    '32-bit float',
    [356, 73, 162, 0.46, 2.22],
  ),
  platform(
    'GeForce Titan X',
    2015,
    'GPU',
    28,
    1075,
    'DRAM',
    '<3G',
    '32-bit float',
    [601, 159, 4115, 6.85, 25.9],
  ),
  platform('Tegra K1', 2014, 'mGPU', 28, 852, 'DRAM', '<500M', '32-bit float', [
    null,
    5.1,
    173,
    null,
    33.9,
  ]),
  platform('A-Eye', 2015, 'FPGA', 28, 150, 'DRAM', '<500M', '16-bit fixed', [
    null,
    9.63,
    33,
    null,
    3.43,
  ]),
  platform(
    'DaDianNao',
    2014,
    'ASIC',
    28,
    606,
    'eDRAM',
    '18M',
    '16-bit fixed',
    [67.7, 15.97, 147938, 2185, 9263],
  ),
  platform(
    'TrueNorth',
    2014,
    'ASIC',
    28,
    null,
    'SRAM',
    '256M',
    '1-bit fixed',
    [430, 0.18, 1989, 4.63, 10839],
  ),
  platform(
    'EIE, 64 PEs',
    2016,
    'ASIC',
    45,
    800,
    'SRAM',
    '84M',
    '4-bit fixed',
    [40.8, 0.59, 81967, 2009, 138927],
  ),
  platform(
    'EIE, 28 nm, 256 PEs',
    2016,
    'ASIC',
    28,
    1200,
    'SRAM',
    '336M',
    '4-bit fixed',
    [63.8, 2.36, 426230, 6681, 180606],
  ),
];

export interface Bars {
  readonly series: string;
  /** Bar labels, one for each of `layerIds`. */
  readonly values: readonly number[];
  /** The geometric mean the figure prints. */
  readonly printedMean: number;
}

const bars = (series: string, values: readonly number[], printedMean: number): Bars => ({
  series,
  values,
  printedMean,
});

/** Figure 6: speed-up over the CPU's dense product, batch 1. */
export const speedupBars: readonly Bars[] = [
  bars('CPU dense', [1, 1, 1, 1, 1, 1, 1, 1, 1], 1),
  bars('CPU compressed', [2, 5, 1, 9, 10, 1, 2, 3, 2], 3),
  bars('GPU dense', [14, 25, 14, 24, 22, 10, 9, 15, 9], 15),
  bars('GPU compressed', [56, 94, 21, 210, 135, 16, 34, 33, 25], 48),
  bars('mGPU dense', [0.6, 1.1, 0.5, 1.0, 1.0, 0.3, 0.5, 0.5, 0.5], 0.6),
  bars('mGPU compressed', [3, 5, 1, 8, 9, 1, 3, 2, 1], 3),
  bars('EIE', [248, 507, 115, 1018, 618, 92, 63, 98, 60], 189),
];

/** Figure 7: energy efficiency over the CPU's dense product, batch 1. */
export const efficiencyBars: readonly Bars[] = [
  bars('CPU dense', [1, 1, 1, 1, 1, 1, 1, 1, 1], 1),
  bars('CPU compressed', [5, 9, 3, 17, 20, 2, 6, 6, 4], 6),
  bars('GPU dense', [7, 12, 7, 10, 10, 5, 6, 6, 5], 7),
  bars('GPU compressed', [26, 37, 10, 78, 61, 8, 25, 14, 15], 23),
  bars('mGPU dense', [10, 15, 7, 13, 14, 5, 8, 7, 7], 9),
  bars('mGPU compressed', [37, 59, 18, 101, 102, 14, 39, 25, 20], 36),
  bars('EIE', [34522, 61533, 14826, 119797, 76784, 11828, 9485, 10904, 8053], 24207),
];

/** Figure 10 and its text: top-5 accuracy of AlexNet (32-bit integer: in the graphic only). */
export const precisionAccuracy = { float32: 80.3, fixed16: 79.8, fixed8: 53 } as const;

/** n-th root of a product, by logarithms; NaN for an empty list. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);
}

/** The row of Table IV. */
export function wallClock(
  platformName: WallClock['platform'],
  kind: WallClock['kind'],
  batch: 1 | 64 = 1,
): WallClock {
  const found = wallClocks.find(
    (w) => w.platform === platformName && w.kind === kind && w.batch === batch,
  );
  if (!found) throw new Error(`Table IV has no ${platformName} ${kind} at batch ${batch}`);
  return found;
}

/** Speed-up of EIE (Table IV, actual) over another row of Table IV, per layer and as a mean. */
export function publishedSpeedup(over: WallClock): { values: number[]; mean: number } {
  const eie = wallClock('EIE', 'actual').microseconds;
  const values = over.microseconds.map((us, i) => us / eie[i]);
  return { values, mean: geometricMean(values) };
}

/** What the paper prints against what its own tables give; each figure is computed where it stands. */
export function publishedNotes(): string[] {
  const cpu = publishedSpeedup(wallClock('CPU', 'dense'));
  const gpu = publishedSpeedup(wallClock('GPU', 'dense'));
  const mobile = publishedSpeedup(wallClock('mGPU', 'dense'));
  const eie = speedupBars[speedupBars.length - 1];
  const [we, lstm] = [layerIds.indexOf('nt-we'), layerIds.indexOf('nt-lstm')];
  return [
    `Speed-up over CPU dense: Table IV gives a geometric mean of ${cpu.mean.toFixed(1)}x, Fig. 6 prints ${eie.printedMean}x ` +
      `because its bars for NT-We and NT-LSTM are ${eie.values[we]}x and ${eie.values[lstm]}x where Table IV gives ${cpu.values[we].toFixed(1)}x and ${cpu.values[lstm].toFixed(1)}x.`,
    `Over GPU dense Table IV gives ${gpu.mean.toFixed(2)}x (printed 13x), over mobile GPU dense ${mobile.mean.toFixed(0)}x (printed 307x).`,
    'Power of 64 PEs: Table V prints 0.59 W, the AlexNet and VGG bars of Fig. 7 correspond to 0.600 W, Table II adds up to 0.5865 W.',
    'Projection to 28 nm and 256 PEs: the text says 3.25x the throughput of 64 PEs, Table V gives 5.2x (3.47x without the faster clock).',
    'NT-We: Table III has 10 % weights, section VI-C says 11 %.',
  ];
}
