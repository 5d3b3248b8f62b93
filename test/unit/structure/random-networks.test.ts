/**
 * Removal on random networks beside the slow way: the model with zeros in the place of what was removed
 * gives in onnxruntime what the smaller model gives, and every value has the shape that the file says.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { mulberry32 } from '../../../src/model/random.ts';
import { observeDims } from '../../../src/engine/structure/observe.ts';
import { open } from '../model/support.ts';
import { nodeRuntime } from '../train/runtimes.ts';
import { blocks, randomNetwork } from './networks.ts';
import { analysed, feedsOf, masked, outputsOf, without } from './support.ts';

const feeds = feedsOf({ x: [1, 3, 6, 6] });

/** Some channels of every group, never all. */
function someChannels(
  groups: Awaited<ReturnType<typeof analysed>>['found']['groups'],
  seed: number,
): Set<number> {
  const random = mulberry32(seed);
  return new Set(groups.flatMap(({ channels }) => channels.slice(1).filter(() => random() < 0.5)));
}

async function check(bytes: Uint8Array<ArrayBuffer>, seed: number): Promise<number> {
  const found = await analysed(bytes, feeds);
  const gone = someChannels(found.found.groups, seed);
  const small = without(found, gone);
  const [expected, actual] = [
    await outputsOf(masked(found, gone), feeds),
    await outputsOf(small, feeds),
  ];
  const size = Math.max(1e-3, ...expected['y'].map(Math.abs));
  actual['y'].forEach((y, i) =>
    assert.ok(Math.abs(y - expected['y'][i]) < 1e-4 * size, `${y}, ${expected['y'][i]}`),
  );
  const reopened = open(small);
  const observed = await observeDims(reopened, small, nodeRuntime, feeds);
  for (const { name, shape } of reopened.graph.values)
    if (observed.has(name)) assert.deepEqual(shape, observed.get(name), name);
  return gone.size;
}

for (const name of Object.keys(blocks))
  test(`a network with a block that is ${name} loses channels and is the masked network`, async () => {
    assert.ok((await check(randomNetwork(11, [name]), 1)) > 0);
    await check(randomNetwork(12, [name, 'residual', name]), 2);
  });

test('random networks of many blocks lose channels and are the masked networks', async () => {
  let removed = 0;
  for (let seed = 100; seed < 112; seed++) removed += await check(randomNetwork(seed, 6), seed);
  assert.ok(removed > 100, `${removed} channels`);
});
