/** The fast engine and the stepped machine agree, cycle by cycle, on thousands of random layers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Layer } from '../../../src/layers/layer.ts';
import type { Machine } from '../../../src/eie/machine.ts';
import { LayerSimulator } from '../../../src/eie/run.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { bits, denseOutput, layerSpecs, machines, makeLayer, stepLayer } from './helpers.ts';
import { traceLayer } from './trace.ts';

/** A different random order of visiting units in every phase of every cycle. */
function shuffledOrder(seed: number): (units: number) => Int32Array {
  const random = mulberry32(seed);
  return (units) => {
    const order = Int32Array.from({ length: units }, (_, i) => i);
    for (let i = units - 1; i > 0; i--) {
      const k = Math.floor(random() * (i + 1));
      [order[i], order[k]] = [order[k], order[i]];
    }
    return order;
  };
}

function compare(layer: Layer, machine: Machine, order?: (units: number) => Int32Array): void {
  const simulator = new LayerSimulator(layer);
  const { statistics: s, output } = simulator.run(machine, 16);
  const trace = traceLayer(simulator.encoding(machine), simulator.schedule(machine), machine.ring);
  const { pes } = machine;
  const stepped = stepLayer(layer, machine, {
    ...(order && { order }),
    onCycle: (t, m) => {
      assert.ok(t <= s.cycles, `the stepped machine is still busy in cycle ${t} of ${s.cycles}`);
      const hit = m.scanner.hit();
      assert.equal(trace.hit[t - 1], hit ? hit.column : -1, `hit of cycle ${t}`);
      const stalled = hit !== null && m.queues.some((q) => q.full());
      assert.equal(trace.stalled[t - 1], stalled ? 1 : 0, `stall of cycle ${t}`);
      for (let p = 0; p < pes; p++) {
        const at = (t - 1) * pes + p;
        assert.equal(trace.queue[at], m.queues[p].items.length, `queue ${p} in cycle ${t}`);
        const { held } = m.walkers[p];
        assert.equal(trace.column[at], held ? held.column : -1, `walker ${p} in cycle ${t}`);
        assert.equal(trace.entry[at], held && held.cur < held.end ? held.cur : -1);
      }
    },
  });
  assert.equal(s.cycles, stepped.cycles);
  assert.equal(s.broadcastStalls, stepped.broadcastStalls);
  assert.equal(s.pointerReads, stepped.pointerReads);
  assert.equal(s.spmatReads, stepped.spmatReads);
  assert.equal(s.validWrites, stepped.validWrites);
  assert.equal(s.queueHighWater, stepped.queueHighWater);
  assert.deepEqual(s.perPe.entries, stepped.entriesPerPe);
  assert.deepEqual(s.perPe.emptyLookups, stepped.emptyLookupsPerPe);
  assert.deepEqual(s.perPe.starved, stepped.starvedPerPe);
  assert.deepEqual(bits(output), bits(stepped.output));
  assert.deepEqual(bits(output), bits(denseOutput(layer, machine)));
}

test('fast engine = stepped machine = dense loop on 2000 random machines and layers', () => {
  fc.assert(
    fc.property(layerSpecs, machines, (spec, machine) => compare(makeLayer(spec), machine)),
    { numRuns: 2000 },
  );
});

test('visiting units in any order, a new one in every phase, changes nothing', () => {
  fc.assert(
    fc.property(layerSpecs, machines, fc.integer(), (spec, machine, seed) =>
      compare(makeLayer(spec), machine, shuffledOrder(seed)),
    ),
    { numRuns: 150 },
  );
  const reverse = (units: number) => Int32Array.from({ length: units }, (_, i) => units - 1 - i);
  fc.assert(
    fc.property(layerSpecs, machines, (spec, machine) =>
      compare(makeLayer(spec), machine, reverse),
    ),
    { numRuns: 100 },
  );
});

test('per PE and bin by bin, the timeline adds up to what the stepped machine shows', () => {
  fc.assert(
    fc.property(layerSpecs, machines, fc.integer({ min: 1, max: 40 }), (spec, machine, most) => {
      const layer = makeLayer(spec);
      const { statistics: s } = new LayerSimulator(layer).run(machine, most);
      const { timeline } = s;
      assert.ok(timeline !== null && timeline.bins <= most);
      const { pes } = machine;
      const queue = new Float64Array(timeline.bins * pes);
      const working = new Float64Array(timeline.bins);
      const stalls = new Int32Array(timeline.bins);
      const length = new Int32Array(timeline.bins);
      stepLayer(layer, machine, {
        onCycle: (t, m) => {
          const b = Math.floor(t / timeline.binCycles);
          length[b]++;
          if (m.scanner.hit() !== null && m.queues.some((q) => q.full())) stalls[b]++;
          for (let p = 0; p < pes; p++) {
            queue[b * pes + p] += m.queues[p].items.length;
            const { held } = m.walkers[p];
            if (held && held.cur < held.end) working[b]++;
          }
        },
      });
      assert.deepEqual(timeline.stalls, stalls);
      for (let b = 0; b < timeline.bins; b++) {
        if (length[b] === 0) continue;
        assert.ok(Math.abs(timeline.working[b] - working[b] / length[b] / pes) < 1e-5);
        for (let p = 0; p < pes; p++)
          assert.ok(Math.abs(timeline.queue[b * pes + p] - queue[b * pes + p] / length[b]) < 1e-4);
      }
    }),
    { numRuns: 200 },
  );
});

test('stalled cycles of a PE are the stalls during which its own queue is full', () => {
  fc.assert(
    fc.property(layerSpecs, machines, (spec, machine) => {
      const layer = makeLayer(spec);
      const stalled = new Int32Array(machine.pes);
      stepLayer(layer, machine, {
        onCycle: (_t, m) => {
          if (m.scanner.hit() === null) return;
          for (let p = 0; p < machine.pes; p++) if (m.queues[p].full()) stalled[p]++;
        },
      });
      const { perPe } = new LayerSimulator(layer).run(machine).statistics;
      assert.deepEqual(perPe.stalled, stalled);
    }),
    { numRuns: 300 },
  );
});

test('a starved cycle is booked as queue full when a broadcast stalled two cycles before', () => {
  fc.assert(
    fc.property(layerSpecs, machines, (spec, machine) => {
      const layer = makeLayer(spec);
      const waited = new Int32Array(machine.pes);
      const stalls: boolean[] = [];
      stepLayer(layer, machine, {
        onCycle: (t, m) => {
          stalls[t] = m.scanner.hit() !== null && m.queues.some((q) => q.full());
          for (let p = 0; p < machine.pes; p++)
            if (m.walkers[p].held === null && stalls[t - 2]) waited[p]++;
        },
      });
      const { perPe } = new LayerSimulator(layer).run(machine).statistics;
      assert.deepEqual(perPe.queueFull, waited);
    }),
    { numRuns: 400 },
  );
});
