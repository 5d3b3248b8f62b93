import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeMachine } from '../../../src/eie/machine.ts';
import {
  efficiencyBars,
  geometricMean,
  layerIds,
  platforms,
  publishedNotes,
  publishedSpeedup,
  speedupBars,
  wallClock,
  wallClocks,
} from '../../../src/eie/platforms.ts';
import { LayerSimulator } from '../../../src/eie/run.ts';
import { findWorkload, makeWorkload, workloads } from '../../../src/eie/workloads.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { randomActivations, randomMatrix } from '../../../src/layers/random.ts';

test('a workload has its size, density and active inputs, for any seed', () => {
  for (const id of ['alex-8', 'NT-We']) {
    for (const seed of [0, 1, 77]) {
      const w = findWorkload(id);
      const { matrix, activations } = makeWorkload(w, seed);
      assert.equal(matrix.rows, w.rows);
      assert.equal(matrix.cols, w.cols);
      const density = matrix.code.length / (w.rows * w.cols);
      assert.ok(Math.abs(density / (w.weightPercent / 100) - 1) < 0.02);
      assert.equal(activations.filter((a) => a > 0).length, w.activeInputs);
      assert.ok(activations.every((a) => a >= 0 && a <= 1));
      assert.ok(matrix.code.every((c) => c >= 1 && c <= 15));
    }
  }
});

test("active inputs lie within two standard deviations of Table III's density", () => {
  for (const w of workloads) {
    const share = w.activationPercent / 100;
    const deviation = Math.sqrt(w.cols * share * (1 - share));
    assert.ok(Math.abs(w.activeInputs - w.cols * share) <= 2 * deviation, w.name);
  }
});

test('the same seed gives the same layer, another seed another one', () => {
  const w = findWorkload('nt-we');
  assert.deepEqual(makeWorkload(w, 5), makeWorkload(w, 5));
  assert.notDeepEqual(makeWorkload(w, 5).matrix.row, makeWorkload(w, 6).matrix.row);
});

test('random matrices cover every density, with ascending rows in each column', () => {
  for (const density of [0, 1e-4, 0.3, 0.9, 1]) {
    const m = randomMatrix(37, 91, density, 16, mulberry32(2));
    assert.equal(m.columnStart[91], m.row.length);
    for (let c = 0; c < 91; c++)
      for (let i = m.columnStart[c]; i < m.columnStart[c + 1]; i++) {
        assert.ok(m.row[i] >= 0 && m.row[i] < 37);
        if (i > m.columnStart[c]) assert.ok(m.row[i] > m.row[i - 1]);
      }
    if (density === 0) assert.equal(m.row.length, 0);
    if (density === 1) assert.equal(m.row.length, 37 * 91);
  }
  assert.throws(() => randomMatrix(2, 2, 1.5, 16, mulberry32(1)), /density must be from 0 to 1/);
  assert.throws(() => randomActivations(4, 5, mulberry32(1)), /from 0 to 4, not 5/);
  assert.throws(() => findWorkload('alex-9'), DeepCompressionError);
});

test('workloads carry the figures of Table IV', () => {
  assert.deepEqual(
    workloads.map((w) => w.id),
    [...layerIds],
  );
  const [theory, actual] = [wallClock('EIE', 'theoretical'), wallClock('EIE', 'actual')];
  workloads.forEach((w, i) => {
    assert.equal(w.published.theoreticalUs, theory.microseconds[i]);
    assert.equal(w.published.actualUs, actual.microseconds[i]);
  });
});

test('the tables hold nine figures a row, and their means are what the notes say', () => {
  for (const w of wallClocks) assert.equal(w.microseconds.length, 9);
  for (const b of [...speedupBars, ...efficiencyBars]) assert.equal(b.values.length, 9);
  assert.equal(publishedSpeedup(wallClock('CPU', 'dense')).mean.toFixed(1), '193.9');
  assert.equal(publishedSpeedup(wallClock('GPU', 'dense')).mean.toFixed(2), '13.19');
  assert.equal(publishedSpeedup(wallClock('mGPU', 'dense')).mean.toFixed(0), '314');
  // Fig. 6's own bars do give the printed mean, Table IV does not
  const eie = speedupBars[speedupBars.length - 1];
  assert.equal(Math.round(geometricMean(eie.values)), eie.printedMean);
  assert.equal(
    Math.round(geometricMean(efficiencyBars[efficiencyBars.length - 1].values) / 10),
    2421,
  );
  assert.match(publishedNotes().join('\n'), /193\.9x, Fig\. 6 prints 189x/);
  assert.match(publishedNotes().join('\n'), /75\.6x and 62\.7x/);
});

test('frames a second of Table V are the reciprocal of Table IV for Alex-7', () => {
  const eie = platforms.find((p) => p.name === 'EIE, 64 PEs');
  assert.ok(eie);
  assert.equal(Math.round(1e6 / wallClock('EIE', 'actual').microseconds[1]), eie.layersPerSecond);
  assert.ok(Math.abs(eie.layersPerSecond / eie.powerWatt / eie.layersPerJoule - 1) < 0.001);
  for (const p of platforms)
    assert.ok(Math.abs(p.layersPerSecond / p.powerWatt / p.layersPerJoule - 1) < 0.03, p.name);
});

test('a wider machine balances worse, and does less filler work', () => {
  const simulator = new LayerSimulator(makeWorkload(findWorkload('alex-7'), 1));
  let balance = 2;
  let real = 0;
  for (const pes of [1, 4, 16, 64, 256]) {
    const counts = simulator.counts(makeMachine({ pes }));
    assert.ok(counts.loadBalance < balance);
    assert.ok(counts.realWork > real);
    [balance, real] = [counts.loadBalance, counts.realWork];
  }
});

test('doubling the queue helps ever less beyond eight slots', () => {
  const simulator = new LayerSimulator(makeWorkload(findWorkload('nt-we'), 1));
  const cycles = [2, 4, 8, 16, 32, 64].map(
    (ring) => simulator.counts(makeMachine({ ring })).cycles,
  );
  const gains = cycles.slice(1).map((c, i) => cycles[i] - c);
  for (let i = 1; i < gains.length; i++) assert.ok(gains[i] <= gains[i - 1]);
});
