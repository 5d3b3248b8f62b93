/** Properties that hold without golden data (eie-spec section 11), on the fast engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Layer } from '../../../src/layers/layer.ts';
import { entriesPerRow, makeMachine } from '../../../src/eie/machine.ts';
import { LayerSimulator } from '../../../src/eie/run.ts';
import { fromDense } from '../../../src/layers/sparse.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import {
  bits,
  denseOutput,
  layerOf,
  layerSpecs,
  machines,
  makeLayer,
  stepLayer,
} from './helpers.ts';
import { toDense } from './entries.ts';

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
const run = (layer: Layer, machine: Parameters<LayerSimulator['run']>[0]) =>
  new LayerSimulator(layer).run(machine).statistics;

test('work is conserved: every PE-cycle has one cause, per PE and in total', () => {
  fc.assert(
    fc.property(layerSpecs, machines, (spec, machine) => {
      const layer = makeLayer(spec);
      const s = run(layer, machine);
      const all = s.cycles * machine.pes;
      assert.equal(s.entries + s.emptyLookups + s.starved, all);
      assert.equal(s.pointerReads, machine.pes * s.broadcasts);
      assert.equal(sum(Object.values(s.causes)), all);
      assert.equal(s.bubbles, all - s.entries);
      const { perPe } = s;
      for (let p = 0; p < machine.pes; p++) {
        assert.equal(perPe.busy[p] + perPe.starved[p], s.cycles);
        assert.equal(perPe.busy[p], perPe.entries[p] + perPe.emptyLookups[p]);
        const waits = [perPe.fill, perPe.scan, perPe.queueFull, perPe.imbalance, perPe.drain];
        assert.ok(waits.every((w) => w[p] >= 0));
        assert.equal(sum(waits.map((w) => w[p])), perPe.starved[p]);
      }
      // non-zeros of the active columns
      const { matrix, bias, activations } = layer;
      let real = machine.hasBias ? sum(bias ?? []) && bias!.filter((b) => b !== 0).length : 0;
      for (let c = 0; c < matrix.cols; c++)
        if (activations[c] > 0 || (machine.detect === 'nonzero' && activations[c] < 0))
          real += matrix.columnStart[c + 1] - matrix.columnStart[c];
      assert.equal(s.validWrites, real);
    }),
    { numRuns: 1500 },
  );
});

test('cycles keep the bounds of eie-spec section 5, reads those of section 11', () => {
  fc.assert(
    fc.property(layerSpecs, machines, (spec, { hasBias: _ignored, ...rest }) => {
      const machine = makeMachine({ ...rest, hasBias: true });
      const simulator = new LayerSimulator(makeLayer(spec));
      const s = simulator.run(machine).statistics;
      const { count, ptr } = simulator.encoding(machine);
      const { columns, barren } = simulator.schedule(machine);
      const { pes } = machine;
      const perRow = entriesPerRow(machine);
      const cost = (p: number, j: number): number => Math.max(1, count[columns[j] * pes + p]);
      const each = Array.from({ length: pes }, (_, p) => p);
      const js = Array.from(columns.keys());
      const C = js.map((j) => Math.max(...each.map((p) => cost(p, j))));
      const last = js.length - 1;
      const upper =
        8 +
        barren[0] +
        C[last] +
        sum(js.slice(0, -1).map((j) => Math.max(C[j], 2 + barren[j + 1])));
      assert.ok(s.cycles <= Math.max(9, upper));
      const longest = Math.max(...each.map((p) => sum(js.map((j) => cost(p, j)))));
      assert.ok(3 + barren[0] + longest <= Math.max(9, s.cycles));
      let most = 0;
      for (const p of each) {
        const own = s.perPe.entries[p];
        const rows = new Set<number>();
        for (const j of js)
          for (let i = ptr[columns[j] * pes + p]; i < ptr[columns[j] * pes + pes + p]; i++)
            rows.add(Math.floor(i / perRow));
        assert.ok(rows.size >= Math.ceil(own / perRow) && rows.size <= own);
        most += rows.size;
      }
      assert.equal(s.spmatReads, most, 'reads are the distinct SRAM rows with an active entry');
    }),
    { numRuns: 800 },
  );
});

test('with a queue that holds every broadcast there is no stall, and cycles have a closed form', () => {
  fc.assert(
    fc.property(layerSpecs, machines, (spec, { hasBias: _ignored, ...rest }) => {
      const machine = makeMachine({ ...rest, hasBias: true, ring: spec.cols + 2 });
      const simulator = new LayerSimulator(makeLayer(spec));
      const s = simulator.run(machine).statistics;
      assert.equal(s.broadcastStalls, 0);
      const { count } = simulator.encoding(machine);
      const { columns, barren } = simulator.schedule(machine);
      const push: number[] = [];
      barren.forEach((e, j) => push.push((j === 0 ? 1 : push[j - 1]) + e + 1));
      let freeEnd = 0;
      for (let p = 0; p < machine.pes; p++)
        for (let j = 0; j < columns.length; j++) {
          let after = 0;
          for (let k = j; k < columns.length; k++)
            after += Math.max(1, count[columns[k] * machine.pes + p]);
          freeEnd = Math.max(freeEnd, push[j] + 1 + after);
        }
      assert.ok(s.cycles === freeEnd || s.cycles === 9 || s.cycles <= freeEnd + 5);
      assert.ok(s.cycles >= freeEnd);
    }),
    { numRuns: 400 },
  );
});

test('an all-zero input takes max(9, G + 8 + m) cycles, or max(9, G + 4) without bias codes', () => {
  fc.assert(
    fc.property(layerSpecs, machines, (spec, { hasBias: _ignored, ...rest }) => {
      const layer = makeLayer({ ...spec, active: 0 });
      const zero = { ...layer, activations: new Float32Array(spec.cols) };
      const machine = makeMachine({ ...rest, hasBias: true });
      const simulator = new LayerSimulator(zero);
      const s = simulator.run(machine).statistics;
      const most = Math.max(...s.perPe.entries);
      const { groups } = simulator.encoding(machine);
      assert.equal(s.cycles, Math.max(9, most === 0 ? groups + 4 : groups + 8 + most));
    }),
    { numRuns: 300 },
  );
});

test('values do not matter: other positive inputs, negatives as zero, other non-zero codes', () => {
  fc.assert(
    fc.property(layerSpecs, machines, (spec, rest) => {
      const machine = makeMachine({ ...rest, detect: 'positive' });
      const layer = makeLayer(spec);
      const random = mulberry32(spec.seed + 1);
      const other: Layer = {
        ...layer,
        matrix: {
          ...layer.matrix,
          code: layer.matrix.code.map(() => 1 + Math.floor(random() * (spec.codes - 1))),
        },
        activations: layer.activations.map((a) => (a > 0 ? 1 + random() : a < 0 ? 0 : a)),
      };
      assert.deepEqual(run(other, machine), run(layer, machine));
    }),
    { numRuns: 300 },
  );
});

test('a longer queue is never slower, and never stalls more', () => {
  fc.assert(
    fc.property(layerSpecs, machines, (spec, machine) => {
      const simulator = new LayerSimulator(makeLayer(spec));
      let cycles = Infinity;
      for (const ring of [2, 3, 4, 6, 8, 12, 16, 32, 64]) {
        const s = simulator.counts({ ...machine, ring });
        assert.ok(s.cycles <= cycles);
        cycles = s.cycles;
      }
    }),
    { numRuns: 400 },
  );
});

test('zeroing an activation is never slower, adding a weight never faster', () => {
  fc.assert(
    fc.property(layerSpecs, machines, fc.nat(), (spec, machine, pick) => {
      const layer = makeLayer(spec);
      const { cycles } = run(layer, machine);
      const activations = layer.activations.slice();
      activations[pick % spec.cols] = 0;
      assert.ok(run({ ...layer, activations }, machine).cycles <= cycles);
      const codes = toDense(layer.matrix);
      const at = pick % codes.length;
      if (codes[at] !== 0) return;
      codes[at] = 1;
      const { indexBits } = machine;
      if (indexBits < 5) return; // a weight in a long gap may save a filler: not with 32 rows a gap
      const more = { ...layer, matrix: fromDense(codes, spec.rows, spec.cols) };
      if (spec.rows > 32 * machine.pes) return;
      assert.ok(run(more, machine).cycles >= cycles);
    }),
    { numRuns: 800 },
  );
});

test('doubling the SRAM width never reads more rows, and at most halves them', () => {
  fc.assert(
    fc.property(layerSpecs, machines, (spec, machine) => {
      const simulator = new LayerSimulator(makeLayer(spec));
      let before = simulator.counts({ ...machine, sramWidth: machine.indexBits + 4 }).spmatReads;
      for (let perRow = 2; perRow <= 32; perRow *= 2) {
        const sramWidth = perRow * (machine.indexBits + 4);
        const now = simulator.counts({ ...machine, sramWidth }).spmatReads;
        assert.ok(now <= before && 2 * now >= before);
        before = now;
      }
    }),
    { numRuns: 300 },
  );
});

test('swapping PEs changes neither cycles, stalls nor reads', () => {
  fc.assert(
    fc.property(layerSpecs, machines, fc.integer(), (spec, machine, seed) => {
      const { pes } = machine;
      const rows = pes * (1 + (spec.rows % 4));
      const layer = makeLayer({ ...spec, rows });
      const random = mulberry32(seed);
      const to = Array.from({ length: pes }, (_, i) => i).sort(() => random() - 0.5);
      const place = (r: number): number => Math.floor(r / pes) * pes + to[r % pes];
      const codes = toDense(layer.matrix);
      const moved = new Uint16Array(codes.length);
      const bias = new Uint16Array(rows);
      for (let r = 0; r < rows; r++) {
        moved.set(codes.subarray(r * spec.cols, (r + 1) * spec.cols), place(r) * spec.cols);
        bias[place(r)] = layer.bias![r];
      }
      const [a, b] = [
        run(layer, machine),
        run({ ...layer, bias, matrix: fromDense(moved, rows, spec.cols) }, machine),
      ];
      assert.deepEqual(
        [b.cycles, b.broadcastStalls, b.spmatReads, b.entries],
        [a.cycles, a.broadcastStalls, a.spmatReads, a.entries],
      );
    }),
    { numRuns: 300 },
  );
});

test('with one row a PE every product meets the one before: right with bypass, wrong without', () => {
  const random = mulberry32(5);
  const grid = (rows: number, cols: number) =>
    Array.from({ length: rows }, () =>
      Array.from({ length: cols }, () => 1 + Math.floor(random() * 15)),
    );
  const activations = Array.from({ length: 40 }, () => 0.5 + random());
  const codebook = Array.from({ length: 16 }, (_, k) => (k === 0 ? 0 : random() - 0.3));
  for (const pes of [1, 4, 7]) {
    const machine = makeMachine({ pes });
    const one = layerOf(grid(pes, 40), Array<number>(pes).fill(3), activations, codebook);
    const right = stepLayer(one, machine);
    assert.deepEqual(bits(right.output), bits(denseOutput(one, machine)));
    assert.ok(right.forwards > 0);
    const broken = stepLayer(one, machine, { forwarding: false });
    assert.notDeepEqual(bits(broken.output), bits(right.output));
    assert.equal(broken.cycles, right.cycles);

    // dense with two rows a PE: the same row returns after two cycles and needs no bypass
    const two = layerOf(grid(2 * pes, 40), Array<number>(2 * pes).fill(3), activations, codebook);
    const apart = stepLayer(two, machine, { forwarding: false });
    assert.deepEqual(bits(apart.output), bits(denseOutput(two, machine)));
    assert.equal(stepLayer(two, machine).forwards, 0);
  }
});

test('degenerate shapes: more PEs than rows, one column, no weights, only the last lane active', () => {
  const random = mulberry32(9);
  for (const [rows, cols, pes] of [
    [1, 1, 1],
    [1, 1, 64],
    [3, 5, 64],
    [10, 1, 4],
    [1, 40, 7],
    [64, 64, 64],
    [65, 129, 64],
    [5, 7, 1024],
  ]) {
    // prettier-ignore
    for (const weights of [0, 0.3, 1]) {
      for (const lanes of ['none', 'last', 'all'] as const) {
        for (const hasBias of [true, false]) {
          const layer = makeLayer({
            rows, cols, weights, active: 1, bias: weights, codes: 16,
            seed: Math.floor(random() * 1e9),
          }); // prettier-ignore
          for (let c = 0; c < cols; c++)
            if (lanes === 'none' || (lanes === 'last' && c % pes !== pes - 1))
              layer.activations[c] = 0;
          const machine = makeMachine({ pes, hasBias, ring: 3 });
          const { statistics: s, output } = new LayerSimulator(layer).run(machine, 8);
          const stepped = stepLayer(layer, machine);
          assert.equal(s.cycles, stepped.cycles);
          assert.equal(s.spmatReads, stepped.spmatReads);
          assert.deepEqual(bits(output), bits(denseOutput(layer, machine)));
          assert.ok(s.cycles >= 9);
        }
      }
    }
  }
});
