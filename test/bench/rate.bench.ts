/**
 * The loops of calibrated compression in WebAssembly against the same in TypeScript: the factor of a matrix
 * of 960 columns, and 128 rows of 960 weights rounded with errors passed on. Processor time.
 */
import { FeedbackKernel } from '../../src/compress/rate/feedback-kernel.ts';
import { factorizePlain } from '../../src/compress/rate/cholesky.ts';
import { groupRows, plainRows, type RowGroup } from '../../src/compress/rate/feedback-plain.ts';
import { mulberry32 } from '../../src/model/random.ts';

const n = 960;
const groups = 16;

/** Processor seconds, the least of three runs. */
function seconds(work: () => void): number {
  let best = Infinity;
  for (let run = 0; run < 3; run++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1e6);
  }
  return best;
}

function compare(name: string, products: number, fast: () => void, plain: () => void): void {
  const [time, baseline] = [seconds(fast), seconds(plain)];
  const rate = (products / time / 1e9).toFixed(1);
  console.log(
    `${name.padEnd(12)} ${(time * 1e3).toFixed(0)} ms, ${rate} billion products a second: ` +
      `${(baseline / time).toFixed(1)} times the plain loop`,
  );
}

const random = mulberry32(1);
const kernel = new FeedbackKernel();
const square = Float64Array.from({ length: n * n }, () => random() - 0.5);
for (let i = 0; i < n; i++) square[i * (n + 1)] = n;
compare(
  'factor',
  n ** 3 / 3,
  () => kernel.factorize(square.slice(), n),
  () => factorizePlain(square.slice(), n),
);

function fill(group: RowGroup): RowGroup {
  group.factor.fill(0.01);
  for (let j = 0; j < n; j++) group.factor[(j * (j + 3)) / 2] = 1;
  group.columnSteps.fill(1);
  group.steps.fill(0.1);
  group.importance.fill(1);
  group.weights.forEach((_, i) => (group.weights[i] = random() - 0.5));
  return group;
}
const rounded = (group: RowGroup) => (): void => {
  for (let k = 0; k < groups; k++) group.round(groupRows, 0.001, 0.01);
};
compare(
  'rounding',
  (groups * groupRows * n * n) / 2,
  rounded(fill(kernel.rows(n)!)),
  rounded(fill(plainRows(n))),
);
