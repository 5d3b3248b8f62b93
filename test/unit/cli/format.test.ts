import assert from 'node:assert/strict';
import test from 'node:test';
import { outputsLine } from '../../../src/cli/fidelity-text.ts';
import type { JudgedFidelity } from '../../../src/engine/protocol-model.ts';
import { count, name, number, percent, shape, table, wrapped } from '../../../src/cli/format.ts';
import { sizeText } from '../../../src/model/size-text.ts';

test('numbers are formatted for people', () => {
  assert.equal(count(1234567), '1,234,567');
  assert.equal(sizeText(0), '0 B');
  assert.equal(sizeText(999), '999 B');
  assert.equal(sizeText(1000), '1.00 kB');
  assert.equal(sizeText(99_950), '100 kB');
  assert.equal(sizeText(999_499), '999 kB');
  assert.equal(sizeText(999_500), '1.00 MB');
  assert.equal(sizeText(552e6), '552 MB');
  assert.equal(percent(0.1234), '12.3%');
  assert.equal(number(null), '-');
  assert.equal(number(-0.123456), '-0.1235');
  assert.equal(number(1e-9), '1.00e-9');
  assert.equal(shape([]), 'scalar');
  assert.equal(shape([2, 3]), '2x3');
});

test('a name cannot move the cursor or hide what stands beside it', () => {
  assert.equal(name('a\u001b[2Kb\nc\u202e'), 'a?[2Kb?c?');
  assert.equal(name('x'.repeat(100)).length, 40);
});

test('columns are as wide as their widest cell', () => {
  const columns = [
    { title: 'a', align: 'left' },
    { title: 'n', align: 'right' },
  ] as const;
  assert.equal(
    table(
      columns,
      [
        ['one', '1'],
        ['three', '1,000'],
      ],
      [['all', '5']],
    ),
    [
      'a          n',
      '-----  -----',
      'one        1',
      'three  1,000',
      '-----  -----',
      'all        5',
    ].join('\n'),
  );
});

test('text is broken between words, a longer word stands alone', () => {
  assert.deepEqual(wrapped('a bb ccc dddddddd e', 6), ['a bb', 'ccc', 'dddddddd', 'e']);
});

test('a loss beyond the one asked for is the first thing that is said', () => {
  const fidelity: JudgedFidelity = {
    ...{ name: 'y', kind: 'class', answers: 30, disagreement: 1 / 30, expectedLoss: 0.004 },
    ...{ interval: { low: 0, high: 0.1 }, smoothLoss: { loss: 0.0067, error: 0.003 } },
    ...{ relativeError: 0.05, samples: 30, accuracy: null, outputs: [] },
    ...{ on: 'samples', verdict: 'kept' },
  };
  assert.match(
    outputsLine({ fidelity, maxLoss: 0.005 }),
    /^warning: the loss is 0\.67% where 0\.50% was asked for: .*\noutputs, on 30 samples/,
  );
  assert.match(
    outputsLine({ fidelity, maxLoss: 0.01 }),
    /^outputs, .* expected loss 0\.67% ± 0\.30%/,
  );
  assert.match(outputsLine({}), /^outputs not measured/);
});
