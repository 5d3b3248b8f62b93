import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as format from '../../../webview/ui/format.ts';

const cases: readonly (readonly [string, string])[] = [
  [format.formatBytes(0), '0 B'],
  [format.formatBytes(999), '999 B'],
  [format.formatBytes(1000), '1.00 kB'],
  [format.formatBytes(999_999), '1.00 MB'],
  [format.formatBytes(4_961_234), '4.96 MB'],
  [format.formatBytes(552e6), '552 MB'],
  [format.formatBytes(4.7e9), '4.70 GB'],
  [format.formatCount(12), '12'],
  [format.formatCount(1_235_496), '1.24M'],
  [format.formatCount(138e6), '138M'],
  [format.formatExact(1_235_496), '1,235,496'],
  [format.formatExact(12), '12'],
  [format.formatShare(1), '100 %'],
  [format.formatShare(0), '0.00 %'],
  [format.formatShare(0.08123), '8.12 %'],
  [format.formatShare(1e-6), '< 0.01 %'],
  [format.formatShare(NaN), '–'],
  [format.formatRatio(9.416), '9.42×'],
  [format.formatRatio(49), '49.0×'],
  [format.formatShape([]), 'scalar'],
  [format.formatShape([64, 3, 3, 3]), '64×3×3×3'],
  [format.formatError(0.0482), '4.8 %'],
  [format.formatError(0.8), '80 %'],
  [format.formatSmall(0), '0'],
  [format.formatSmall(0.000123), '1.23e-4'],
  [format.formatSmall(-0.31), '-0.31'],
];
for (const [actual, expected] of cases)
  test(`a figure is written ${expected}`, () => assert.equal(actual, expected));
