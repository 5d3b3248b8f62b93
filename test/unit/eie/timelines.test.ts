/**
 * The three worked timelines of eie-spec section 7, row by row, from the stepped machine; and the
 * fast engine's counts for them. Codebook: code i has value i. "c2:e1" is the walker at entry 1 of
 * column 2, "c2:none" a column without entries, "r" an SRAM read, "F" a forwarded operand.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Layer } from '../../../src/layers/layer.ts';
import { makeMachine, type Machine } from '../../../src/eie/machine.ts';
import type { ReferenceMachine } from './reference.ts';
import { LayerSimulator } from '../../../src/eie/run.ts';
import { layerOf, stepLayer } from './helpers.ts';

/** One PE in one cycle: walk | M | A1 | A2 | A3. */
function showPe(m: ReferenceMachine, p: number): string {
  const walk = m.walkers[p].held;
  const read = m.spmats[p].held;
  const { a1, a2, a3 } = m.ariths[p];
  return [
    walk ? `c${walk.column}:${walk.cur < walk.end ? `e${walk.cur}` : 'none'}` : '-',
    read ? `v${read.code}z${read.gap}${read.read ? 'r' : ''}` : '-',
    a1 ? `k${a1.row}` : '-',
    a2 ? `${a2.product}` : '-',
    a3 ? `k${a3.row}=${a3.sum}${a3.forwarded ? 'F' : ''}` : '-',
  ].join(' ');
}

/** Runs the stepped machine and returns, per cycle: hit | queues | PEs | reads so far. */
function timeline(layer: Layer, machine: Machine, reads = false) {
  const rows: string[] = [];
  const result = stepLayer(layer, machine, {
    onCycle: (_t, m) => {
      const hit = m.scanner.hit();
      const parts = [
        `${hit ? `c${hit.column}` : '-'}${m.queues.some((q) => q.full()) ? ' full' : ''}`,
        m.queues.map((q) => q.items.map((i) => i.column).join(',') || '-').join(' / '),
        ...m.walkers.map((_, p) => showPe(m, p)),
      ];
      if (reads)
        parts.push(
          `${m.walkers.reduce((n, w) => n + w.pointerReads, 0)}, ${m.spmats.reduce((n, s) => n + s.reads, 0)}`,
        );
      rows.push(parts.join(' | '));
    },
  });
  return { rows, result };
}

test('timeline A: pipeline, empty column and forwarding, every cycle', () => {
  const layer = layerOf(
    [
      [1, 0, 0],
      [0, 0, 5],
      [4, 7, 2],
      [0, 0, 6],
    ],
    [0, 1, 0, 0],
    [2, 0, 3],
  );
  const machine = makeMachine({ pes: 2, ring: 8 });
  const { rows, result } = timeline(layer, machine);
  assert.deepEqual(rows, [
    'c0 | - / - | - - - - - | - - - - -',
    '- | 0 / 0 | - - - - - | - - - - -',
    'c2 | - / - | c0:e0 - - - - | c0:none - - - -',
    '- | 2 / 2 | c0:e1 v1z0r - - - | - - - - -',
    'c4 | - / - | c2:e3 v4z0 k0 - - | c2:e0 - - - -',
    '- | 4 / 4 | - v2z1 k1 2 - | c2:e1 v5z0r - - -',
    '- | - / - | c4:none - k1 8 k0=2 | c4:e2 v6z0 k0 - -',
    '- | - / - | - - - 6 k1=8 | - v1z0 k1 15 -',
    '- | - / - | - - - - k1=14F | - - k0 18 k0=15',
    '- | - / - | - - - - - | - - - 1 k1=18',
    '- | - / - | - - - - - | - - - - k0=16',
    '- | - / - | - - - - - | - - - - -',
    '- | - / - | - - - - - | - - - - -',
  ]);
  assert.deepEqual([...result.output], [2, 16, 14, 18]);
  assert.equal(result.forwards, 1);
  const { statistics: s } = new LayerSimulator(layer).run(machine);
  assert.deepEqual(
    [s.cycles, s.pointerReads, s.spmatReads, s.entries, s.emptyLookups, s.starved],
    [13, 6, 2, 6, 2, 18],
  );
  assert.equal(s.broadcastStalls, 0);
});

test('timeline B: broadcast stalls with one usable slot, every cycle', () => {
  const layer = layerOf(
    [
      [1, 1, 0, 9],
      [0, 0, 1, 9],
      [2, 0, 0, 9],
      [0, 0, 0, 9],
      [3, 0, 2, 9],
      [0, 0, 0, 9],
    ],
    [0, 0, 0, 0, 0, 0],
    [1, 1, 1, -1],
  );
  const machine = makeMachine({ pes: 2, ring: 2, sramWidth: 16 });
  const { rows, result } = timeline(layer, machine, true);
  const short = rows.map((row) => {
    const [hit, queues, pe0, pe1, reads] = row.split(' | ');
    return [hit, queues, pe0.split(' ')[0], pe1.split(' ')[0], reads].join(' | ');
  });
  assert.deepEqual(short, [
    'c0 | - / - | - | - | 0, 0',
    'c1 full | 0 / 0 | - | - | 0, 0',
    'c1 | - / - | c0:e0 | c0:none | 2, 0',
    'c2 full | 1 / 1 | c0:e1 | - | 2, 1',
    'c2 full | 1 / - | c0:e2 | c1:none | 3, 1',
    'c2 | - / - | c1:e3 | - | 4, 2',
    '- full | 2 / 2 | - | - | 4, 2',
    'c4 | - / - | c2:e4 | c2:e0 | 6, 2',
    '- full | 4 / 4 | - | - | 6, 4',
    '- | - / - | c4:none | c4:none | 8, 4',
    '- | - / - | - | - | 8, 4',
    '- | - / - | - | - | 8, 4',
    '- | - / - | - | - | 8, 4',
    '- | - / - | - | - | 8, 4',
  ]);
  assert.equal(result.broadcastStalls, 3);
  const { statistics: s } = new LayerSimulator(layer).run(machine);
  assert.deepEqual(
    [s.cycles, s.broadcastStalls, s.pointerReads, s.spmatReads, s.entries, s.emptyLookups],
    [14, 3, 8, 4, 6, 4],
  );
  assert.equal(s.starved, 18);
});

test('timeline C: fillers and the row latch, every cycle', () => {
  const rows18 = Array.from({ length: 20 }, (_, r) => (r === 18 ? [3, 5] : [0, 0]));
  const layer = layerOf(rows18, Array<number>(20).fill(0), [2, 1]);
  const machine = makeMachine({ pes: 1, ring: 3, sramWidth: 16 });
  const { rows, result } = timeline(layer, machine);
  assert.deepEqual(rows, [
    'c0 | - | - - - - -',
    'c1 | 0 | - - - - -',
    'c2 | 1 | c0:e0 - - - -',
    '- full | 1,2 | c0:e1 v0z15r - - -',
    '- | 2 | c1:e2 v3z2 k15 - -',
    '- | 2 | c1:e3 v0z15r k18 - -',
    '- | - | c2:none v5z2 k15 6 -',
    '- | - | - - k18 - k18=6',
    '- | - | - - - 5 -',
    '- | - | - - - - k18=11',
    '- | - | - - - - -',
    '- | - | - - - - -',
  ]);
  assert.equal(result.forwards, 0);
  assert.equal(result.output[18], 11);
  const { statistics: s } = new LayerSimulator(layer).run(machine);
  assert.deepEqual(
    [s.cycles, s.entries, s.validWrites, s.paddingEntries, s.spmatReads],
    [12, 4, 2, 2, 2],
  );
  assert.equal(s.validWritesPerPeCycle, 2 / 12);
  assert.equal(s.loadBalance, 4 / 12);
});
