import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fidelity } from '../../../src/fidelity/compare.ts';
import { verdictOf } from '../../../src/fidelity/verdict.ts';

const fidelity = (more: Partial<Fidelity>): Fidelity => ({
  ...{ samples: 100, name: 'y', kind: 'class', answers: 100, disagreement: 0 },
  ...{ interval: { low: 0, high: 0.04 }, expectedLoss: 0, relativeError: 0 },
  ...{ accuracy: null, smoothLoss: null, outputs: [] },
  ...more,
});

test('samples are judged by the accuracy or the answers they lost, not by how far outputs moved', () => {
  assert.equal(verdictOf(fidelity({ relativeError: 0.9 }), 'samples'), 'kept');
  assert.equal(verdictOf(fidelity({ expectedLoss: 0.03 }), 'samples'), 'changed');
  assert.equal(verdictOf(fidelity({ expectedLoss: 0.6 }), 'samples'), 'destroyed');
  const labelled = { accuracy: { original: 0.9, changed: 0.5 } };
  assert.equal(verdictOf(fidelity(labelled), 'samples'), 'destroyed');
});

test('answers on made-up inputs count for nothing, only the movement does', () => {
  assert.equal(verdictOf(fidelity({ expectedLoss: 1 }), 'made-up inputs'), 'kept');
  assert.equal(verdictOf(fidelity({ relativeError: 0.2 }), 'made-up inputs'), 'changed');
  assert.equal(verdictOf(fidelity({ relativeError: 0.4 }), 'made-up inputs'), 'destroyed');
});

test('outputs that are not finite are destroyed', () => {
  assert.equal(verdictOf(fidelity({ kind: 'values', relativeError: NaN }), 'samples'), 'destroyed');
});
