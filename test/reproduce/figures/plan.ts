/**
 * The trainings behind the figures: which file each starts from, its recipe, and the file it makes.
 * LeNet-300-100 is trained twice from nothing, with L2 and with L1, by the paper's optimizer; every
 * retraining goes on at a tenth of the rate (Han et al. 2015, section 3.3). What is compared differs in
 * one thing only. All epochs are kept to the last: nothing is chosen, so held-out errors are no less
 * honest than those of other digits would be.
 */

export interface Run {
  /** Names the file that it makes. */
  readonly id: string;
  readonly from: string;
  readonly recipe: object;
  /** A .dcz instead of an .onnx. */
  readonly packed?: boolean;
}

/** Shares of the weights that are pruned, the same at all steps of all curves. */
export const ladder = [0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.96, 0.97, 0.98] as const;
export const inits = ['linear', 'density', 'random'] as const;
export const initBits = [2, 3, 4, 5, 6, 7, 8] as const;
export const kindBits = [1, 2, 3, 4, 5, 6] as const;
export const norms = ['l2', 'l1'] as const;
export type Norm = (typeof norms)[number];
/** Where centroids are compared: nine tenths pruned, as the paper does. */
export const shared = 0.9;

const strength: Readonly<Record<Norm, object>> = { l2: { l2: 0.0005 }, l1: { l1: 0.00003 } };
const rate = 0.05;

/** `factor` multiplies all epochs. */
export function plan(factor: number): readonly Run[] {
  const epochs = (n: number): number => Math.max(0.2, Math.round(n * factor * 10) / 10);
  const recipe = (name: string, stages: readonly object[], rest: object = {}): object => ({
    name,
    prune: { method: 'global', target: 0 },
    minimumWeights: 1,
    ...rest,
    train: {
      batch: 64,
      validation: 5 / 24,
      normalisation: { scale: 1 / 256 },
      stages: stages.map((stage) => ({ keep: 'last', ...stage })),
    },
  });
  const sgd = { optimizer: 'sgd', momentum: 0.9 };
  const train = (n: number, r: number, norm: Norm): object => ({
    kind: 'train',
    epochs: epochs(n),
    rate: r,
    ...sgd,
    ...strength[norm],
  });
  /** Prunes to a share of the weights, then trains for a while. */
  const pruned = (id: string, from: string, target: number, norm: Norm, n: number): Run => ({
    id,
    from,
    recipe: recipe(
      id,
      [
        { kind: 'prune', steps: 1, epochs: 0, deadUnits: false },
        ...(n > 0 ? [train(n, rate / 10, norm)] : []),
      ],
      { prune: { method: 'global', target } },
    ),
  });
  const share = (n: number, more: object = {}): object => ({
    kind: 'share',
    epochs: n > 0 ? epochs(n) : 0,
    rate: 0.0002,
    ...more,
  });

  const runs: Run[] = [];
  for (const norm of norms) {
    runs.push({ id: norm, from: 'untrained-300', recipe: recipe(norm, [train(15, rate, norm)]) });
    for (const s of ladder)
      runs.push(
        pruned(`${norm}-cut-${s}`, norm, s, norm, 0),
        pruned(`${norm}-once-${s}`, norm, s, norm, each),
      );
  }
  ladder.forEach((s, i) => {
    const before = i === 0 ? 'l2' : `step-${ladder[i - 1]}`;
    runs.push(pruned(`step-${s}`, before, s, 'l2', each));
    // one step, but as many epochs as all the steps so far had together
    if (s >= 0.8) runs.push(pruned(`long-${s}`, 'l2', s, 'l2', each * (i + 1)));
  });
  for (const init of inits)
    for (const bits of initBits)
      runs.push({
        id: `${init}-${bits}`,
        from: `step-${shared}`,
        recipe: recipe(`${init}-${bits}`, [share(2)], { share: { bits, init } }),
      });
  for (const bits of kindBits)
    runs.push({
      id: `quantized-${bits}`,
      from: 'l2',
      recipe: recipe(`quantized-${bits}`, [share(2)], { share: { bits } }),
    });
  for (const s of ladder.filter((target) => target >= 0.8))
    runs.push({
      id: `both-${s}`,
      from: `step-${s}`,
      packed: true,
      recipe: recipe(`both-${s}`, [share(2)], { share: { bits: 5 } }),
    });

  const adam = { kind: 'train', epochs: epochs(6), rate: 0.001 };
  runs.push({ id: 'lenet-5', from: 'untrained-5', recipe: recipe('lenet-5', [adam]) });
  runs.push({
    id: 'lenet-5-pruned',
    from: 'lenet-5',
    recipe: recipe(
      'lenet-5-pruned',
      [
        { kind: 'prune', steps: 3, epochs: epochs(1), rate: 0.0005 },
        { kind: 'train', epochs: epochs(2), rate: 0.0005 },
      ],
      { prune: { method: 'sparsity', target: 0.9 }, kinds: { conv: { prune: { target: 0.7 } } } },
    ),
  });
  for (const [kind, layers] of [
    ['conv', 'conv*'],
    ['fc', 'ip*'],
  ] as const)
    for (const bits of kindBits)
      for (const [from, tuned] of [
        ['lenet-5', 0],
        ['lenet-5-pruned', 1],
      ] as const) {
        const id = `${from}-${kind}-${bits}`;
        const stage = share(tuned, { layers: [layers] });
        runs.push({ id, from, recipe: recipe(id, [stage], { share: { bits } }) });
      }
  return runs;
}

/** Epochs after each pruning. */
const each = 3;
