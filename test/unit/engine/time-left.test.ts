/** What progress says of the time that is left. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { TimeLeft } from '../../../src/engine/time-left.ts';

test('at an even pace the time left is what is left, in steps of 5 s and of minutes', () => {
  const left = new TimeLeft();
  assert.equal(left.at(0, 1000), undefined);
  assert.equal(left.at(0.01, 11_000), undefined);
  assert.equal(left.at(0.1, 61_000), 540);
  assert.equal(left.at(0.5, 41_000), 40);
  assert.equal(left.at(0.9, 31_000), 5);
  assert.equal(left.at(1, 61_000), undefined);
});

test('the first seconds promise nothing', () => {
  const left = new TimeLeft();
  assert.equal(left.at(0.3, 0), undefined);
  assert.equal(left.at(0.6, 2900), undefined);
});
