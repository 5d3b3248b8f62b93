/** Shapes: every field is looked at, lists and unions to their bottom; all jobs and questions have one. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { declaredJobs } from '../../../src/engine/jobs/all.ts';
import { fileInput } from '../../../src/engine/jobs/inputs.ts';
import { questions } from '../../../src/engine/questions/all.ts';
import { machineOptions } from '../../../src/engine/simulate/eie/options.ts';
import {
  flag,
  integerFrom,
  listOf,
  misfit,
  number,
  oneOf,
  optional,
  pairOf,
  record,
  type AnyShape,
  type Shape,
} from '../../../src/engine/shape.ts';

interface Example {
  readonly count: number;
  readonly on?: boolean;
  readonly range?: readonly [number, number];
  readonly parts: readonly { readonly kind: 'a' | 'b' }[];
}
const shape: Shape<Example> = {
  count: integerFrom(1),
  on: optional(flag),
  range: optional(pairOf(number)),
  parts: listOf(record<{ readonly kind: 'a' | 'b' }>({ kind: oneOf({ a: true, b: true }) })),
};
const good = { count: 1, parts: [{ kind: 'a' }] };

test('what fits has no misfit, with and without what may be left out', () => {
  for (const value of [good, { ...good, on: undefined }, { ...good, on: true, range: [0, 1] }])
    assert.equal(misfit(shape as AnyShape, value), undefined);
});

const bad: readonly [string, object][] = [
  ['count', { ...good, count: 0 }],
  ['count', { ...good, count: 1.5 }],
  ['count', { parts: [] }],
  ['on', { ...good, on: 'yes' }],
  ['range', { ...good, range: [0] }],
  ['range', { ...good, range: [0, '1'] }],
  ['parts', { ...good, parts: [{ kind: 'c' }] }],
  ['parts', { ...good, parts: [{ kind: 'toString' }] }],
  ['parts', { ...good, parts: { length: 0 } }],
];
for (const [field, value] of bad)
  test(`${JSON.stringify(value)} does not fit in ${field}`, () => {
    assert.equal(misfit(shape as AnyShape, value), field);
  });

test('a file is a path that is not empty, or a label with bytes', () => {
  for (const file of [{ path: 'a' }, { label: '', bytes: new Uint8Array(1) }])
    assert.ok(fileInput(file));
  for (const file of [{}, null, [], 'a', { path: '' }, { label: 'a' }, { label: 'a', bytes: [1] }])
    assert.ok(!fileInput(file));
});

test('a machine is looked at knob by knob', () => {
  assert.ok(machineOptions({ pe: 4, precision: 'fixed16', hasBias: false }));
  for (const machine of [{ pe: '4' }, { precision: 'float64' }, { detect: true }, []])
    assert.ok(!machineOptions(machine));
});

test('every declared job and question has a shape, and refuses a value that is none', () => {
  for (const [name, { input }] of Object.entries(declaredJobs)) {
    const checks = Object.values(input);
    assert.ok(checks.length > 0 || ['presets', 'published'].includes(name), name);
    for (const check of checks)
      assert.ok(!(typeof check === 'function' ? check : check.optional)(Symbol('no value')), name);
  }
  for (const [name, { query }] of Object.entries(questions)) assert.ok(!query(null), name);
});

test('a shape that leaves out a field, or checks another type, does not compile', () => {
  // @ts-expect-error 'parts' is forgotten
  const forgotten: Shape<Pick<Example, 'count' | 'parts'>> = { count: number };
  // @ts-expect-error a text is no number
  const other: Shape<Pick<Example, 'count'>> = { count: flag };
  // @ts-expect-error 'on' may be left out
  const required: Shape<Pick<Example, 'on'>> = { on: flag };
  // @ts-expect-error 'count' may not be left out
  const left: Shape<Pick<Example, 'count'>> = { count: optional(number) };
  // @ts-expect-error 'b' is forgotten
  const half: Shape<{ readonly kind: 'a' | 'b' }> = { kind: oneOf<'a' | 'b'>({ a: true }) };
  assert.equal([forgotten, other, required, left, half].length, 5);
});
