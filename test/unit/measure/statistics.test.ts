import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DistinctCounter, distinctBySorting } from '../../../src/measure/distinct.ts';
import {
  merged,
  noStatistics,
  statisticsOf,
  statisticsOfRepeated,
} from '../../../src/measure/statistics.ts';
import { mulberry32 } from '../../../src/model/random.ts';

const floats = fc.array(
  fc.oneof(
    fc.float({ noDefaultInfinity: true }),
    fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1, 1e-45),
  ),
  { maxLength: 200 },
);

/** Obviously right: JavaScript's own Set has one zero and one NaN. */
const reference = (values: Iterable<number>): number => new Set(values).size;

function counted(kind: 'float' | 'wide', ...parts: (Float32Array | Float64Array)[]): number | null {
  const counter = new DistinctCounter(kind);
  for (const part of parts) counter.add(part);
  return counter.count();
}

test('distinct floats are counted as a set counts them, sorted, by bitmap, and wide', () => {
  fc.assert(
    fc.property(floats, (list) => {
      const narrow = Float32Array.from(list);
      assert.equal(distinctBySorting(narrow, 'float'), reference(narrow));
      assert.equal(counted('float', narrow), reference(narrow));
      const wide = Float64Array.from(list);
      assert.equal(distinctBySorting(wide, 'wide'), reference(wide));
      assert.equal(counted('wide', wide), list.length === 0 ? 0 : reference(wide));
    }),
    { numRuns: 30 },
  );
});

test('what two threads saw merges to what one would have seen', () => {
  fc.assert(
    fc.property(floats, floats, (a, b) => {
      for (const kind of ['float', 'wide'] as const) {
        const array = (list: number[]) =>
          kind === 'float' ? Float32Array.from(list) : Float64Array.from(list);
        const threads = [a, b].map((list) => {
          const counter = new DistinctCounter(kind);
          counter.add(array(list));
          return counter.take();
        });
        const both = new DistinctCounter(kind);
        for (const part of threads) both.merge(part);
        assert.equal(both.count(), reference(array([...a, ...b])));
      }
    }),
    { numRuns: 10 }, // each makes several tables of megabytes
  );
});

test('negative and unsigned integers keep their identity', () => {
  const counter = new DistinctCounter('integer');
  counter.add(Float64Array.of(-1, 4294967294, 0, -0, 7, 7, -2147483648));
  assert.equal(counter.count(), 5);
});

test('a count of wide values is null past 2^20, and exact at 2^20', () => {
  const values = Float64Array.from({ length: 1 << 20 }, (_, i) => i / 3);
  const counter = new DistinctCounter('wide');
  counter.add(values);
  counter.add(values);
  assert.equal(counter.count(), 1 << 20);
  counter.add(Float64Array.of(-1));
  assert.equal(counter.count(), null);
});

test('statistics merged in blocks equal those of the whole, without cancellation', () => {
  const random = mulberry32(3);
  const values = Float32Array.from({ length: 10_000 }, () => 1e6 + random());
  let all = noStatistics;
  for (let i = 0; i < values.length; i += 777)
    all = merged(all, statisticsOf(values.subarray(i, i + 777)));
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const m2 = values.reduce((a, b) => a + (b - mean) ** 2, 0);
  assert.equal(all.values, 10_000);
  assert.ok(Math.abs(all.mean - mean) < 1e-6);
  assert.ok(Math.abs(all.m2 / m2 - 1) < 1e-9);
  assert.equal(all.min, Math.min(...values));
  assert.equal(all.max, Math.max(...values));
});

test('NaN and infinities are values, but take no part in mean, deviation and norms', () => {
  const m = statisticsOf(Float32Array.of(1, NaN, 3, Infinity, -0, -Infinity));
  assert.deepEqual(
    { ...m, m2: Math.round(m.m2 * 1e6) },
    {
      values: 6,
      finite: 3,
      zeros: 1,
      nan: 1,
      infinite: 2,
      negative: 1,
      min: -0,
      max: 3,
      mean: 4 / 3,
      m2: 4_666_667,
      l1: 4,
      squares: 10,
    },
  );
  assert.deepEqual(statisticsOf(Float32Array.of(NaN)), { ...noStatistics, values: 1, nan: 1 });
});

test('a value that is said once with its number has the statistics of as many values', () => {
  for (const value of [0, 1.5, -2, NaN, Infinity, -Infinity]) {
    const plain = statisticsOf(Float32Array.of(value, value, value));
    assert.deepEqual(statisticsOfRepeated(value, 3), plain, String(value));
    assert.deepEqual(statisticsOfRepeated(value, 0), noStatistics);
  }
});
