/**
 * The recipes of the reproduction: from nothing to a trained network, and from there to the paper's
 * densities and bits. A user can write the same in a *.dcrecipe.json file. Choices are made on
 * held-out training digits; the test digits are not seen here.
 */
import type { NetworkName } from './paper.ts';

const normalisation = { scale: 0.00390625 };

export interface Recipes {
  readonly train: object;
  readonly compress: object;
}

/** `factor` multiplies all epochs. */
export function recipesFor(network: NetworkName, factor: number): Recipes {
  const epochs = (n: number): number => Math.max(1, Math.round(n * factor));
  const isConv = network === 'lenet-5';
  const prune = (target: number, bits: number): object => ({
    prune: { method: 'sparsity', target },
    share: { bits },
  });
  return {
    train: {
      name: `${network}: from nothing`,
      train: {
        normalisation,
        stages: [{ kind: 'train', epochs: epochs(isConv ? 12 : 30), rate: 0.001, l2: 0.00005 }],
      },
    },
    compress: {
      name: network,
      description: `${network} at the densities and bits of Deep Compression, retrained`,
      coder: 'auto',
      share: { method: 'kmeans', init: 'linear' },
      layers: isConv
        ? {
            'conv1.weight': prune(0.34, 8),
            'conv2.weight': prune(0.88, 8),
            'ip1.weight': prune(0.92, 5),
            'ip2.weight': prune(0.81, 5),
          }
        : {
            'ip1.weight': prune(0.92, 6),
            'ip2.weight': prune(0.91, 6),
            'ip3.weight': prune(0.74, 6),
          },
      train: {
        normalisation,
        stages: [
          { kind: 'prune', steps: 5, epochs: epochs(isConv ? 2 : 4), rate: 0.0005 },
          { kind: 'train', epochs: epochs(isConv ? 4 : 8), rate: 0.0005 },
          { kind: 'share', epochs: epochs(isConv ? 2 : 4), rate: 0.0001 },
        ],
      },
    },
  };
}
