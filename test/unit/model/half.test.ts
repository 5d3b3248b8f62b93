import assert from 'node:assert/strict';
import test from 'node:test';
import {
  fromBfloat16,
  fromFloat16,
  narrowBfloat16,
  narrowFloat16,
  toBfloat16,
  toFloat16,
  widenBfloat16,
  widenFloat16,
} from '../../../src/model/half.ts';
import { smallValues } from '../../../src/model/small-formats.ts';
import { mulberry32 } from '../../../src/model/random.ts';

const formats = [
  { name: 'float16', from: fromFloat16, to: toFloat16, infinity: 0x7c00 },
  { name: 'bfloat16', from: fromBfloat16, to: toBfloat16, infinity: 0x7f80 },
];

for (const { name, from, to, infinity } of formats) {
  test(`every ${name} code survives widening and narrowing`, () => {
    for (let code = 0; code < 65536; code++) {
      const value = from(code);
      if (Number.isNaN(value)) assert.ok(Number.isNaN(from(to(value))));
      else assert.equal(to(value), code);
    }
  });

  test(`${name} rounds to the nearest code, ties to even`, () => {
    for (let code = 0; code < infinity - 1; code++) {
      const low = from(code);
      const high = from(code + 1);
      const middle = (low + high) / 2;
      assert.equal(to(middle), code % 2 === 0 ? code : code + 1);
      assert.equal(to(low + (high - low) * 0.4999), code);
      assert.equal(to(-(low + (high - low) * 0.5001)), (code + 1) | 0x8000);
    }
  });

  test(`${name} overflows to infinity from half a step above its largest value`, () => {
    const largest = from(infinity - 1);
    const step = largest - from(infinity - 2);
    assert.equal(to(largest + step * 0.4999), infinity - 1);
    assert.equal(to(largest + step / 2), infinity);
    assert.equal(to(-1e300), infinity | 0x8000);
    assert.equal(to(-Infinity), infinity | 0x8000);
    assert.equal(to(5e-324), 0);
    assert.equal(to(-0), 0x8000);
  });
}

test('narrowing rounds once, not through float32', () => {
  // Just above the middle of two codes, by less than float32 can tell.
  const middle = 1 + 2 ** -11;
  assert.equal(toFloat16(middle), 0x3c00);
  assert.equal(toFloat16(middle + 2 ** -40), 0x3c01);
  assert.equal(toBfloat16(1 + 2 ** -8 + 2 ** -40), 0x3f81);
});

test('the bulk conversions agree with the scalar ones', () => {
  const random = mulberry32(1);
  const values = Float64Array.from(
    { length: 4096 },
    () => (random() - 0.5) * 10 ** (12 * random() - 6),
  );
  const codes = new Uint16Array(values.length);
  const back = new Float32Array(values.length);
  narrowFloat16(values, codes);
  widenFloat16(codes, back);
  values.forEach((v, i) => {
    assert.equal(codes[i], toFloat16(v));
    assert.equal(back[i], fromFloat16(codes[i]));
  });
  narrowBfloat16(values, codes);
  widenBfloat16(codes, back);
  values.forEach((v, i) => {
    assert.equal(codes[i], toBfloat16(v));
    assert.equal(back[i], fromBfloat16(codes[i]));
  });
});

test('the 8-bit floats have the landmarks of their definitions', () => {
  const landmarks = {
    float8e4m3fn: { 0x7e: 448, 0x08: 2 ** -6, 0x01: 2 ** -9, 0x7f: NaN, 0xff: NaN, 0xb8: -1 },
    float8e4m3fnuz: { 0x7f: 240, 0x08: 2 ** -7, 0x01: 2 ** -10, 0x80: NaN, 0xc0: -1 },
    float8e5m2: {
      0x7b: 57344,
      0x04: 2 ** -14,
      0x01: 2 ** -16,
      0x7c: Infinity,
      0xfc: -Infinity,
      0x7d: NaN,
    },
    float8e5m2fnuz: { 0x7f: 57344, 0x04: 2 ** -15, 0x01: 2 ** -17, 0x80: NaN },
    float8e8m0: { 0: 2 ** -127, 127: 1, 254: 2 ** 127, 255: NaN },
  } as const;
  for (const [name, codes] of Object.entries(landmarks)) {
    const values = smallValues(name as keyof typeof landmarks);
    assert.ok(values);
    for (const [code, value] of Object.entries(codes)) {
      assert.ok(Object.is(values[Number(code)], Math.fround(value)), `${name} ${code}`);
    }
  }
});
