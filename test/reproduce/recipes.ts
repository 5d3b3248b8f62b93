/**
 * The recipes of the reproduction: from nothing to a trained network, from there to the paper's own
 * densities and bits, and along a curve of ever sparser networks. A user can write the same in a
 * *.dcrecipe.json file. What is chosen is chosen on held-out training digits; the test digits are not
 * seen here.
 */
import type { NetworkName, PaperNetwork } from './paper.ts';

const common = {
  batch: 128,
  validation: 1 / 12, // 5,000 of 60,000
  normalisation: { scale: 1 / 256 },
  augment: { shift: 2, rotate: 12, scale: 0.12, shear: 0.15 },
};

/**
 * Few weights cannot serve large moves as well: LeNet-300-100 with 2.5 % of its weights has a held-out
 * error of 1.9 % with the whole range, 1.6 % with half of it and 2.1 % with a quarter.
 */
const half = { shift: 1, rotate: 6, scale: 0.06, shear: 0.07 };

/** Biases are shared like weights, in 16 values, but not pruned. */
const biases = { '*.bias': { prune: { method: 'none' }, share: { bits: 4 } } };
/** The first and the last layer are small and lose most: 16 values instead of 8. */
const finer: Readonly<Record<NetworkName, string>> = {
  'lenet-300-100': 'ip3.weight',
  'lenet-5': 'conv1.weight',
};

/** Shares of all weights to prune: the curve of error against size. */
export const targets: Readonly<Record<NetworkName, readonly number[]>> = {
  'lenet-300-100': [0.96, 0.97, 0.975, 0.98],
  'lenet-5': [0.98, 0.985, 0.99],
};

export interface Recipes {
  readonly train: object;
  /** The densities and bits of Tables 2 and 3, Huffman-coded. */
  readonly paper: object;
  readonly curve: readonly { readonly target: number; readonly recipe: object }[];
}

/** `factor` multiplies all epochs. */
export function recipesFor(
  network: NetworkName,
  { layers }: PaperNetwork,
  factor: number,
): Recipes {
  const epochs = (n: number): number => Math.max(0.2, Math.round(n * factor * 10) / 10);
  const conv = network === 'lenet-5';
  const recipe = (
    name: string,
    stages: readonly object[],
    rest: object = {},
    augment: object = common.augment,
  ): object => ({
    name: `${network} ${name}`,
    ...rest,
    train: { ...common, augment, stages },
  });
  const train = recipe('from nothing', [
    { kind: 'train', epochs: epochs(conv ? 20 : 40), rate: 0.001, l2: 0.00001 },
  ]);
  const going = { schedule: 'constant', keep: 'last' };
  const asPaper = recipe(
    'as the paper',
    [
      { kind: 'prune', steps: 5, epochs: epochs(1), rate: 0.001, ...going },
      { kind: 'train', epochs: epochs(4), rate: 0.001 },
      { kind: 'share', epochs: epochs(2), rate: 0.0001 },
    ],
    {
      coder: 'huffman',
      share: { method: 'kmeans', init: 'linear' },
      layers: Object.fromEntries(
        layers.map(({ name, kept, bits }) => [
          `${name}.weight`,
          { prune: { method: 'sparsity', target: 1 - kept }, share: { bits } },
        ]),
      ),
    },
  );
  const rate = conv ? 0.001 : 0.002;
  const curve = targets[network].map((target) => ({
    target,
    recipe: recipe(
      String(target),
      [
        { kind: 'prune', steps: 80, epochs: epochs(0.2), rate, ...going },
        { kind: 'train', epochs: epochs(conv ? 12 : 14), rate },
        { kind: 'share', epochs: epochs(conv ? 2 : 4), rate: 0.0003 },
      ],
      {
        coder: 'auto',
        prune: { method: 'lamp', target },
        share: { method: 'optimal', bits: 3 },
        roles: ['weight', 'bias'],
        minimumWeights: 16,
        layers: { ...biases, [finer[network]]: { share: { bits: 4 } } },
      },
      half,
    ),
  }));
  return { train, paper: asPaper, curve };
}
