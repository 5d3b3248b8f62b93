import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDcz } from '../../src/container/read.ts';
import { memorySource, readBytes } from '../../src/model/bytes.ts';
import { writeToMemory } from '../unit/container/models.ts';
import { hashedModel, randomModel } from '../unit/container/random-models.ts';
import { decodeIndependently } from './independent-decoder.ts';

test('a decoder written from the specification restores what the product restores', () => {
  for (let seed = 1000; seed <= 1024; seed++) {
    const fake = seed < 1024 ? randomModel(seed) : hashedModel();
    const recipe = { name: `model ${seed}`, layers: [{ bits: 5 }] };
    const { bytes } = writeToMemory(fake, recipe);
    const independent = decodeIndependently(bytes);
    const dcz = openDcz(memorySource('test.dcz', bytes));
    assert.deepEqual(independent.recipe, recipe);
    assert.equal(independent.files.length, fake.restored.length);
    independent.files.forEach((file, i) => {
      assert.equal(file.location, dcz.files[i].location);
      assert.deepEqual(file.bytes, fake.restored[i], `seed ${seed}`);
      assert.deepEqual(readBytes(dcz.fileSource(i), 0, dcz.files[i].size), fake.restored[i]);
    });
    const byId = [...independent.tensors].sort((a, b) => a.id - b.id);
    dcz.tensors.forEach(({ coded, rmse }, i) => {
      assert.equal(byId[i].id, coded.tensor);
      assert.deepEqual(byId[i].codebook, [...coded.codebook]);
      assert.deepEqual(byId[i].valueLengths, [...coded.valueLengths]);
      assert.deepEqual(byId[i].gapLengths, [...coded.gapLengths]);
      assert.equal(byId[i].rmse, rmse);
    });
  }
});
