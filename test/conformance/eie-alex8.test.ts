/**
 * The real AlexNet fc8 of the authors' repository: 7,926 cycles, 9.9075 us where Table IV prints 9.9.
 * The data has no licence and is read where it lies (see support below), never copied.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Layer } from '../../src/layers/layer.ts';
import { makeMachine } from '../../src/eie/machine.ts';
import { LayerSimulator } from '../../src/eie/run.ts';
import { fromDense } from '../../src/layers/sparse.ts';

const folder = join(process.env['DC_SHARED'] ?? '../shared', 'data/eie/alex8');

function readLayer(): Layer {
  const file = (name: string): Buffer => readFileSync(join(folder, name));
  const floats = (name: string): Float32Array => {
    const bytes = Uint8Array.from(file(name));
    return new Float32Array(bytes.buffer);
  };
  return {
    name: 'alex8',
    matrix: fromDense(Uint8Array.from(gunzipSync(file('codes_1000x4096.u8.gz'))), 1000, 4096),
    bias: Uint16Array.from(file('biasCodes_1000.u8')),
    codebook: floats('codebook_16.f32'),
    activations: floats('act_4096.f32'),
  };
}

test('the real Alex-8 layer takes exactly what the authors measured, bit for bit', (t) => {
  if (!existsSync(folder)) {
    t.skip('the shared data folder with data/eie/alex8 is absent');
    return;
  }
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<
    string,
    number & number[]
  >;
  const layer = readLayer();
  const { statistics: s, output } = new LayerSimulator(layer).run(makeMachine(), 256);
  assert.equal(layer.matrix.code.length, expected['nonzeroWeights']);
  assert.equal(s.cycles, 7926);
  assert.equal(s.cycles, expected['cycles']);
  assert.equal(s.timeUs, 9.9075);
  assert.equal(s.pointerReads, 112640);
  assert.equal(s.spmatReads, 100900);
  assert.equal(s.broadcasts, 1760);
  assert.equal(s.entries, 453748);
  assert.equal(s.validWrites, 453748);
  assert.equal(s.paddingEntries, 0);
  assert.equal(s.theoreticalCycles, 7089.8125);
  assert.equal(s.validWritesPerPeCycle.toFixed(6), '0.894501');
  assert.equal(s.broadcastStalls, 6068);
  assert.equal(s.emptyLookups, 1150);
  assert.equal(s.starved, 52366);
  assert.deepEqual([...s.perPe.entries], expected['entriesPerPe']);
  const golden = Uint8Array.from(readFileSync(join(folder, 'output_1000.f32')));
  assert.deepEqual(new Uint8Array(output.buffer), golden);
  const top5 = [...output.keys()].sort((a, b) => output[b] - output[a]).slice(0, 5);
  assert.deepEqual(top5, expected['top5']);
  assert.equal(new LayerSimulator(layer).counts(makeMachine({ ring: 9 })).cycles, 7896);
});
