/** Fidelity: kinds of output recognised, answers compared, intervals of shares. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { changeOf } from '../../../src/fidelity/answers.ts';
import type { SampleOutput } from '../../../src/fidelity/classes.ts';
import { Comparison, kindsOf, type SampleOutputs } from '../../../src/fidelity/compare.ts';
import { collapsed, textProbability } from '../../../src/fidelity/ctc.ts';
import { decisionsOf } from '../../../src/fidelity/decisions.ts';
import { effectiveCount, wilson } from '../../../src/fidelity/interval.ts';
import { kindOf } from '../../../src/fidelity/kinds.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { regionsOf, unpaired } from '../../../src/fidelity/regions.ts';

const output = (dims: number[], values: readonly number[]): SampleOutput => ({
  dims,
  data: Float32Array.from(values),
});

test('an output is recognised by its values and by what makes it', () => {
  const kinds = (o: SampleOutput, hint?: 'scores', integer = false) => kindOf([o], integer, hint);
  const named = { kind: 'class', axis: 0, normalised: true };
  assert.deepEqual(kinds(output([3], [0.2, 0.6, 0.2])), { ...named, sure: true });
  assert.deepEqual(kinds(output([3], [0.2, 0.45, 0.35])), { ...named, sure: false });
  assert.equal(kinds(output([3], [2, -5, 3])).kind, 'values');
  assert.deepEqual(kinds(output([3], [2, -5, 3]), 'scores'), {
    kind: 'class',
    axis: 0,
    normalised: false,
    sure: true,
  });
  // features of a network that names no class: their softmax is near even odds
  assert.equal(kinds(output([3], [0.02, -0.05, 0.03]), 'scores').kind, 'values');
  assert.equal(kinds(output([1], [0.9])).kind, 'decision');
  assert.equal(kinds(output([1], [0.7])).kind, 'values');
  assert.equal(kinds(output([2], [4, 5]), undefined, true).kind, 'ids');
  const plane = (...of: number[]) => output([1, 8, 8], Array<number[]>(16).fill(of).flat());
  assert.equal(kinds(plane(0.1, 0.9, 0.05, 0.7)).kind, 'map');
  assert.equal(kinds(plane(0.2, 0.5, 0.7, 0.9)).kind, 'values');
  const steps = [0.9, 0.05, 0.05, 0.1, 0.8, 0.1, 0.7, 0.2, 0.1];
  assert.deepEqual(kinds(output([3, 3], steps)), { kind: 'sequence', blank: 0, normalised: true });
});

test('segments are classes along the first axis of several', () => {
  const cells = Array.from({ length: 2 * 64 }, (_, i) => (i < 64 ? 0.25 : 0.75));
  assert.deepEqual(kindOf([output([2, 8, 8], cells)], false, undefined), {
    kind: 'classes',
    axis: 0,
    normalised: true,
    sure: true,
  });
});

test('a class that gives way costs all where the original is sure of none', () => {
  const kind = { kind: 'class', axis: 0, normalised: true, sure: false } as const;
  const [a, b] = [output([3], [0.35, 0.34, 0.31]), output([3], [0.33, 0.34, 0.33])];
  const { changed, expectedLoss } = changeOf(kind, a, b);
  assert.deepEqual([changed, expectedLoss], [1, 1]);
  assert.equal(decisionsOf(kind, a, b)!.decisions[0]!.stake, 1);
});

test('a class that gives way costs the difference of the two probabilities', () => {
  const kind = { kind: 'class', axis: 0, normalised: true, sure: true } as const;
  const change = changeOf(kind, output([3], [0.5, 0.4, 0.1]), output([3], [0.3, 0.6, 0.1]));
  assert.equal(change.changed, 1);
  assert.ok(Math.abs(change.expectedLoss - 0.1) < 1e-6);
});

test('CTC drops repeated classes and blanks, but keeps what a blank parts', () => {
  assert.deepEqual(collapsed([1, 1, 0, 1, 2, 2, 0], 0), [1, 1, 2]);
});

test('a text is as probable as all paths that read as it together', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 12, maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 2 }), { maxLength: 4 }),
      (weights, text) => {
        const [steps, classes] = [4, 3];
        const data = Float32Array.from(weights, (w, i) => {
          const first = i - (i % classes);
          return w / weights.slice(first, first + classes).reduce((a, b) => a + b);
        });
        let sum = 0;
        for (let n = 0; n < classes ** steps; n++) {
          const path = Array.from(
            { length: steps },
            (_, t) => Math.floor(n / classes ** t) % classes,
          );
          if (collapsed(path, 0).join() !== text.join()) continue;
          sum += path.reduce((all, c, t) => all * data[t * classes + c]!, 1);
        }
        assert.ok(Math.abs(textProbability(data, classes, text, 0) - sum) < 1e-6);
      },
    ),
  );
});

test('steps of one recording count as one sample of what is lost', () => {
  const kinds = new Map([['y', { kind: 'decision' } as const]]);
  const of = (p: number): SampleOutputs => ({ y: output([1], [p]) });
  const [apart, together] = [1, 10].map((size) => {
    const random = mulberry32(2);
    const comparison = new Comparison(kinds);
    for (let recording = 0; recording < 200 / size; recording++) {
      const [was, is] = [0.3 + 0.4 * random(), 0.3 + 0.4 * random()];
      for (let step = 0; step < size; step++)
        comparison.add(of(was + random() / 50), of(is + random() / 50), undefined, recording);
    }
    return comparison.result();
  });
  assert.equal(together!.answers, 200);
  const width = ({ interval }: typeof apart & object) => interval!.high - interval!.low;
  assert.ok(width(together!) > 1.2 * width(apart!), `${width(together!)}, ${width(apart!)}`);
  assert.ok(together!.smoothLoss!.error > 1.2 * apart!.smoothLoss!.error);
});

test('a text is the same while only its timing changes', () => {
  const kind = { kind: 'sequence', blank: 0, normalised: true } as const;
  const a = output([3, 2], [0.1, 0.9, 0.8, 0.2, 0.9, 0.1]);
  const later = output([3, 2], [0.8, 0.2, 0.1, 0.9, 0.9, 0.1]);
  assert.equal(changeOf(kind, a, later).changed, 0);
  assert.equal(changeOf(kind, a, output([3, 2], [0.9, 0.1, 0.8, 0.2, 0.9, 0.1])).changed, 1);
});

test('regions of a map are told apart and paired by their overlap', () => {
  const [height, width] = [12, 20];
  const paint = (boxes: readonly (readonly number[])[]): Float32Array => {
    const map = new Float32Array(height * width);
    for (const [x0, y0, x1, y1] of boxes)
      for (let y = y0!; y < y1!; y++) for (let x = x0!; x < x1!; x++) map[y * width + x] = 0.9;
    return map;
  };
  const a = regionsOf(
    paint([
      [1, 1, 6, 6],
      [10, 2, 18, 9],
    ]),
    0,
    1,
    height,
    width,
  );
  assert.deepEqual(
    a.map(({ cells, ...box }) => ({ ...box, size: cells.length })),
    [
      { left: 1, top: 1, right: 6, bottom: 6, size: 25 },
      { left: 10, top: 2, right: 18, bottom: 9, size: 56 },
    ],
  );
  const b = regionsOf(
    paint([
      [2, 1, 6, 6],
      [15, 2, 20, 12],
    ]),
    0,
    1,
    height,
    width,
  );
  const { lost, added } = unpaired(a, b);
  assert.deepEqual([lost, added], [[a[1]], [b[1]]]);
});

test('a region that comes or goes costs what the original was sure of, a doubtful bridge little', () => {
  /** Two squares of 4 x 4 with a column between them. */
  const map = (left: number, bridge: number, right: number): SampleOutput =>
    output(
      [10, 10],
      Array.from({ length: 100 }, (_, i) => {
        const x = i % 10;
        if (i >= 40 || x > 8) return 0.1;
        return x < 4 ? left : x === 4 ? bridge : right;
      }),
    );
  const cost = (a: SampleOutput, b: SampleOutput) => changeOf({ kind: 'map' }, a, b);
  const vanished = cost(map(0.9, 0.1, 0.9), map(0.4, 0.1, 0.9));
  assert.equal(vanished.changed, 0.5);
  assert.ok(Math.abs(vanished.expectedLoss - 0.8) < 1e-6);
  assert.ok(Math.abs(cost(map(0.45, 0.1, 0.9), map(0.6, 0.1, 0.9)).expectedLoss - 0.1) < 1e-6);
  const joined = cost(map(0.9, 0.45, 0.9), map(0.9, 0.6, 0.9));
  assert.equal(joined.changed, 1.5);
  assert.ok(Math.abs(joined.expectedLoss - 0.1) < 1e-6);
  assert.deepEqual(cost(map(0.9, 0.1, 0.9), map(0.6, 0.1, 0.9)).expectedLoss, 0);
});

test('nothing changes, nothing moves and nothing is lost when outputs are the same', () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 2, maxLength: 64 }),
      fc.constantFrom('scores' as const, undefined),
      (values, hint) => {
        const sample: SampleOutputs = { y: output([values.length], values) };
        const kinds = kindsOf([{ name: 'y', isInteger: false, hint }], [sample]);
        const comparison = new Comparison(kinds);
        comparison.add(sample, sample);
        const { disagreement, expectedLoss, relativeError } = comparison.result();
        assert.deepEqual([disagreement, expectedLoss, relativeError], [0, 0, 0]);
      },
    ),
  );
});

test('the expected loss never exceeds the share of changed answers', () => {
  const row = fc.array(fc.float({ min: -9, max: 9, noNaN: true }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(row, row, (a, b) => {
      const kind = { kind: 'class', axis: 0, normalised: false, sure: true } as const;
      const { changed, expectedLoss } = changeOf(kind, output([4], a), output([4], b));
      assert.ok(expectedLoss >= 0 && expectedLoss <= changed);
    }),
  );
});

test('the answer that counts is of the first output that is not plain values', () => {
  const sample = { state: output([2], [3, -4]), p: output([1], [0.8]) };
  const kinds = kindsOf(
    ['state', 'p'].map((name) => ({ name, isInteger: false, hint: undefined })),
    [sample],
  );
  const comparison = new Comparison(kinds);
  comparison.add(sample, { ...sample, p: output([1], [0.4]) });
  const { name, kind, disagreement, outputs } = comparison.result();
  assert.deepEqual([name, kind, disagreement, outputs.length], ['p', 'decision', 1, 2]);
});

test("Wilson's interval is that of the literature", () => {
  // 10 of 100 at 95 %: 5.52 % to 17.44 % (Brown, Cai and DasGupta 2001, by their formula)
  const { low, high } = wilson(0.1, 100);
  assert.ok(Math.abs(low - 0.05522914) < 1e-6 && Math.abs(high - 0.17436566) < 1e-6);
  assert.deepEqual(wilson(0, 0), { low: 0, high: 1 });
  assert.equal(wilson(0, 60).low, 0);
});

test('answers that go wrong together count as few', () => {
  // every sample is all right or all wrong: no more is known than from the samples
  const together = effectiveCount([10, 0, 0, 0, 10, 0, 0, 0], Array<number>(8).fill(10));
  assert.ok(together < 9, String(together));
  // one wrong answer in each of eight samples: spread better than chance
  assert.equal(effectiveCount(Array<number>(8).fill(1), Array<number>(8).fill(10)), 80);
});

test('the smooth loss is that of counting on many samples, and far steadier on few', () => {
  const random = mulberry32(5);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  /** Two classes: log-odds of spread 4 that move by 0.3 and a tenth of themselves. */
  const drawn = (count: number) => {
    const kinds = new Map([
      ['y', { kind: 'class', axis: 0, normalised: true, sure: true } as const],
    ]);
    const comparison = new Comparison(kinds);
    const odds = (z: number): SampleOutputs => ({
      y: output([2], [1 / (1 + Math.exp(-z)), 1 / (1 + Math.exp(z))]),
    });
    for (let i = 0; i < count; i++) {
      const z = 4 * normal();
      comparison.add(odds(z), odds(z + Math.hypot(0.3, 0.1 * z) * normal()));
    }
    return comparison.result();
  };
  const many = drawn(20_000);
  const truth = many.expectedLoss;
  assert.ok(Math.abs(many.smoothLoss!.loss / truth - 1) < 0.1);
  let counted = 0;
  let smooth = 0;
  for (let round = 0; round < 50; round++) {
    const few = drawn(60);
    counted += (few.expectedLoss - truth) ** 2;
    smooth += (few.smoothLoss!.loss - truth) ** 2;
  }
  assert.ok(smooth < counted / 2, `${smooth} against ${counted}`);
});

test('a text can only tip over at steps whose next class makes another text', () => {
  const kind = { kind: 'sequence', blank: 0, normalised: true } as const;
  // blank, A, A, blank: no step alone changes the text, both A together do
  const repeated = output([4, 2], [0.9, 0.1, 0.2, 0.8, 0.45, 0.55, 0.9, 0.1]);
  const together = decisionsOf(kind, repeated, repeated)!.decisions;
  assert.equal(together.length, 1);
  assert.ok(Math.abs(together[0]!.margin - Math.log(4)) < 1e-6 && together[0]!.moved === 0);
  // blank, A, blank, A: each step alone
  const single = output([4, 2], [0.9, 0.1, 0.2, 0.8, 0.6, 0.4, 0.1, 0.9]);
  const margins = decisionsOf(kind, single, single)!.decisions.map((d) => Math.exp(d.margin));
  assert.deepEqual(
    margins.map((m) => Math.round(10 * m) / 10),
    [4, 1.5, 9],
  );
});

test('a yes-or-no answer has the distance of its log-odds from even as margin', () => {
  const [one, other] = decisionsOf(
    { kind: 'decision' },
    output([2], [0.75, 0.1]),
    output([2], [0.25, 0.1]),
  )!.decisions;
  assert.ok(Math.abs(one!.margin - Math.log(3)) < 1e-6 && one!.moved < -one!.margin);
  assert.ok(Math.abs(other!.moved) < 1e-6);
});

test('with a label the stake is what tipping over really loses', () => {
  const kind = { kind: 'class', axis: 0, normalised: true, sure: true } as const;
  const y = output([3], [0.5, 0.4, 0.1]);
  const stake = (label: number) => decisionsOf(kind, y, y, label)!.decisions[0]!.stake;
  assert.deepEqual([stake(0), stake(1), stake(2)], [1, -1, 0]);
});
