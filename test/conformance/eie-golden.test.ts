/** The golden cases: exact cycles, reads, fillers, per-PE entries and output bits. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseCases } from '../../src/eie/cases.ts';
import { entriesPerRow } from '../../src/eie/machine.ts';
import { runReference } from '../unit/eie/reference.ts';
import { LayerSimulator } from '../../src/eie/run.ts';
import { writeEntries } from '../unit/eie/entries.ts';

const cases = parseCases(readFileSync('test/fixtures/eie/golden-cases.json', 'utf8'));
const bits = (values: Float32Array | undefined): Uint32Array =>
  new Uint32Array((values ?? new Float32Array()).slice().buffer);

test('the golden file holds 26 cases', () => assert.equal(cases.length, 26));

for (const { layer, machine, expected } of cases) {
  test(`golden case ${layer.name} is exact in both engines`, () => {
    const simulator = new LayerSimulator(layer);
    const { statistics, output } = simulator.run(machine, 64);
    assert.equal(statistics.cycles, expected.cycles);
    assert.equal(statistics.pointerReads, expected.ptrReads);
    assert.equal(statistics.spmatReads, expected.spmReads);
    assert.equal(statistics.paddingEntries, expected.paddingEntries);
    assert.deepEqual([...statistics.perPe.entries], expected.entriesPerPe);
    assert.deepEqual(bits(output), bits(expected.output));
    assert.ok(
      Math.abs(statistics.validWritesPerPeCycle - (expected.validWritesPerPeCycle ?? NaN)) < 1e-6,
    );

    const encoding = simulator.encoding(machine);
    const stepped = runReference(
      encoding,
      writeEntries(encoding, layer.matrix, layer.bias),
      simulator.arithmetic(machine),
      { ring: machine.ring, perRow: entriesPerRow(machine), detect: machine.detect },
    );
    assert.equal(stepped.cycles, expected.cycles);
    assert.equal(stepped.pointerReads, expected.ptrReads);
    assert.equal(stepped.spmatReads, expected.spmReads);
    assert.deepEqual([...stepped.entriesPerPe], expected.entriesPerPe);
    assert.deepEqual(bits(stepped.output), bits(expected.output));
  });
}
