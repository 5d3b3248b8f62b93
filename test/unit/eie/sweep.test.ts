import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultMachine, makeMachine } from '../../../src/eie/machine.ts';
import { measureHost } from '../../../src/layers/own-products.ts';
import { LayerSimulator } from '../../../src/eie/run.ts';
import {
  paretoFront,
  parseAxis,
  sweepMachines,
  sweepPoint,
  type SweepPoint,
} from '../../../src/eie/sweep.ts';
import { explainBalance, explainLoss } from '../../../src/eie/explain.ts';
import { layerRow, perPeRows, sweepRows, toCsv } from '../../../src/eie/tables.ts';
import { layerSpecs, makeLayer } from './helpers.ts';

test('axes are read as a user writes them, and refused with one line', () => {
  assert.deepEqual(parseAxis('fifo=2, 4,8'), { name: 'fifo', values: [2, 4, 8] });
  assert.deepEqual(parseAxis('precision=fixed16,fixed8').values, ['fixed16', 'fixed8']);
  for (const [text, pattern] of [
    ['depth=2', /unknown axis "depth": use pe, index-bits/],
    ['toString=2', /unknown axis/],
    ['fifo', /needs values/],
    ['fifo=', /needs values/],
    ['fifo=2,,3', /needs values/],
    ['fifo=2,x', /"x" is not a number/],
    ['fifo=2,2', /has a value twice/],
  ] as const)
    assert.throws(() => parseAxis(text), pattern);
  assert.throws(() => sweepMachines(defaultMachine, [parseAxis('fifo=1')]), /queue ring.*not 1/);
  assert.throws(() => sweepMachines(defaultMachine, [parseAxis('precision=double')]), /precision/);
  assert.throws(
    () => sweepMachines(defaultMachine, [parseAxis('pe=1'), parseAxis('pe=2')]),
    /given twice/,
  );
});

test('points are every combination, with PEs and index bits changing slowest', () => {
  const axes = ['sram-width=32,64', 'pe=4,8', 'fifo=2,8', 'index-bits=3,4'].map(parseAxis);
  const machines = sweepMachines(defaultMachine, axes);
  assert.equal(machines.length, 16);
  const encodings = machines.map((m) => `${m.pes}/${m.indexBits}`);
  assert.equal(encodings.filter((e, i) => e !== encodings[i - 1]).length, 4);
  assert.deepEqual(sweepMachines(defaultMachine, []), [defaultMachine]);
});

test('a point of a sweep equals a simulation of its own, in any order of points', () => {
  const axes = ['pe=1,5,8', 'fifo=2,8', 'index-bits=2,4', 'precision=float32,fixed8,fixed16'];
  const machines = sweepMachines(makeMachine(), axes.map(parseAxis));
  fc.assert(
    fc.property(layerSpecs, fc.shuffledSubarray(machines, { minLength: 8 }), (spec, some) => {
      const layer = makeLayer(spec);
      const simulator = new LayerSimulator(layer);
      for (const machine of some) {
        const point = sweepPoint(simulator, machine);
        const { statistics: s, energy, saturations } = new LayerSimulator(layer).run(machine);
        assert.equal(point.cycles, s.cycles);
        assert.equal(point.spmatReads, s.spmatReads);
        assert.equal(point.loadBalance, s.loadBalance);
        assert.equal(point.eventBasedUj, energy.eventBasedUj);
        assert.equal(point.saturations, saturations);
        if (machine.precision === 'float32') assert.equal(point.relativeError, 0);
      }
    }),
    { numRuns: 40 },
  );
});

test('the Pareto front is exactly the points that no other beats', () => {
  const small = fc.integer({ min: 0, max: 4 });
  fc.assert(
    fc.property(fc.array(fc.tuple(small, small, small), { maxLength: 40 }), (triples) => {
      const points = triples.map(
        ([timeUs, eventBasedUj, areaMm2]) =>
          ({ timeUs, eventBasedUj, areaMm2, multiplierUj: 0 }) as SweepPoint,
      );
      const plain = triples.map(
        (a) => !triples.some((b) => b.every((v, k) => v <= a[k]) && b.some((v, k) => v < a[k])),
      );
      assert.deepEqual(paretoFront(points), plain);
    }),
    { numRuns: 500 },
  );
});

test('tables export every field, quote what needs it, and start no formula', () => {
  const csv = toCsv([{ layer: '=evil, "x"', cycles: 3, ok: true, none: null }]);
  assert.equal(csv, 'layer,cycles,ok,none\r\n"\'=evil, ""x""",3,true,\r\n');
  assert.equal(toCsv([]), '');
  const layer = makeLayer({ rows: 9, cols: 9, weights: 0.5, active: 0.8, bias: 0.2, codes: 8, seed: 1 }); // prettier-ignore
  const run = new LayerSimulator(layer).run(makeMachine({ pes: 4 }));
  assert.equal(perPeRows(run).length, 4);
  assert.equal(layerRow(run)['cycles'], run.statistics.cycles);
  const simulator = new LayerSimulator(layer);
  const rows = sweepRows(
    'x',
    sweepMachines(makeMachine({ pes: 4 }), [parseAxis('fifo=2,4')]).map((m) =>
      sweepPoint(simulator, m),
    ),
  );
  assert.equal(rows.length, 2);
  assert.ok(rows.some((r) => r['pareto'] === true));
});

test('the sentences about a run name its figures', () => {
  const layer = makeLayer({ rows: 40, cols: 60, weights: 0.3, active: 0.9, bias: 0, codes: 16, seed: 2 }); // prettier-ignore
  const { statistics: s } = new LayerSimulator(layer).run(makeMachine({ pes: 4, ring: 2 }));
  assert.match(explainLoss(s), /% of all PE-cycles walk entries/);
  assert.match(explainBalance(s), new RegExp(`${Math.max(...s.perPe.entries)}`));
  assert.match(explainBalance(s), new RegExp(`held up for ${s.broadcastStalls} cycles`));
});

test('impossible machines are refused with one line that names the parameter', () => {
  for (const [changes, pattern] of [
    [{ pes: 0 }, /number of PEs.*1 to 1024, not 0/],
    [{ pes: 1.5 }, /number of PEs/],
    [{ pes: NaN }, /number of PEs.*not NaN/],
    [{ pes: '64' as unknown as number }, /number of PEs/],
    [{ ring: 1 }, /queue ring/],
    [{ sramWidth: 4 }, /cannot hold one entry of 4 index \+ 4 weight bits/],
    [{ indexBits: 17 }, /index bits/],
    [{ clockMHz: 0 }, /clock/],
    [{ clockMHz: Infinity }, /clock/],
    [{ precision: 'half' as 'fixed8' }, /precision must be one of/],
    [{ rounding: 'up' as 'floor' }, /rounding must be one of/],
    [{ weightFraction: 31 }, /weightFraction/],
    [{ sram: 5 } as object, /unknown machine parameter "sram"/],
  ] as const)
    assert.throws(() => makeMachine(changes), pattern);
});

test('layers whose parts do not fit together are refused with one line', () => {
  const layer = makeLayer({ rows: 4, cols: 5, weights: 1, active: 1, bias: 1, codes: 16, seed: 3 }); // prettier-ignore
  const run = (changes: object) => () =>
    new LayerSimulator({ ...layer, ...changes }).run(makeMachine());
  assert.throws(
    run({ activations: new Float32Array(4) }),
    /5 columns need as many activations, got 4/,
  );
  assert.throws(
    run({ activations: Float32Array.of(1, 2, NaN, 1, 1) }),
    /activation 2 is not a finite/,
  );
  assert.throws(run({ bias: new Uint16Array(3) }), /4 rows need as many bias codes, got 3/);
  assert.throws(run({ codebook: new Float32Array(2) }), /outside the codebook of 2 values/);
  assert.throws(run({ codebook: new Float32Array(40) }), /does not fit 4-bit codes/);
  assert.throws(run({ codebook: Float32Array.of(1, 2) }), /must begin with 0/);
});

test("this machine's own products are measured with the clock that is given", () => {
  const layer = makeLayer({ rows: 30, cols: 41, weights: 0.3, active: 0.9, bias: 0, codes: 16, seed: 4 }); // prettier-ignore
  let time = 0;
  const times = measureHost(layer, () => (time += 5), 20);
  assert.equal(times.denseRows, 30);
  assert.equal(times.denseUs, 5000);
  assert.equal(times.sparseUs, 5000);
});
