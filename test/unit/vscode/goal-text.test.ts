/** Goals as people type them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { fileSuffix, lossIn, sizeIn } from '../../../src/vscode/goal-text.ts';

test('a size is bytes in thousands and millions, or how many times smaller', () => {
  for (const [text, goal] of [
    ['2 MB', { maxBytes: 2e6 }],
    ['1,5m', { maxBytes: 1.5e6 }],
    [' 500kB ', { maxBytes: 5e5 }],
    ['700000', { maxBytes: 7e5 }],
    ['8x', { ratio: 8 }],
    ['2.5 ×', { ratio: 2.5 }],
  ] as const)
    assert.deepEqual(sizeIn(text), goal, text);
  for (const text of ['', 'small', '1x', '-2 MB', '2 GBit', '0', '1e3'])
    assert.equal(sizeIn(text), undefined, text);
});

test('a loss is percent', () => {
  assert.deepEqual(lossIn('1 %'), { maxLoss: 0.01 });
  assert.deepEqual(lossIn('0,5'), { maxLoss: 0.005 });
  for (const text of ['', '0', '100 %', '-1', 'half']) assert.equal(lossIn(text), undefined, text);
});

test('names of files say the goal in letters that every disk takes', () => {
  const goals = [{ ratio: 8 }, { maxBytes: 2e6 }, { maxBytes: 900 }, { maxLoss: 0.005 }];
  assert.deepEqual(goals.map(fileSuffix), ['8x', '2000kB', '900B', 'loss-0.5']);
});
