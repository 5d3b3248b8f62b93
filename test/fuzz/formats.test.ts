/**
 * Damaged files of the formats beside ONNX: cut at every byte, bytes changed, numbers that lie, stretches
 * repeated and dropped. Only DeepCompressionError leaves the room, quickly; what still opens can be read
 * and laid out. Seeded; DC_FUZZ_CASES asks for more cases.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { memorySource } from '../../src/model/bytes.ts';
import { DeepCompressionError } from '../../src/model/errors.ts';
import { openModel } from '../../src/model/formats.ts';
import { mulberry32 } from '../../src/model/random.ts';
import { plainSamples, type Sample } from '../fixtures/plain-samples.ts';

const cases = Number(process.env['DC_FUZZ_CASES'] ?? 600);
/** Values that are read of a tensor that still opens. */
const most = 4096;

function samples(): Sample[] {
  const real = ['state-dict.pt', 'legacy.pth', 'checkpoint.pth', 'script.pt', 'a.npz'].map(
    (name) => ({
      name,
      bytes: new Uint8Array(readFileSync(`test/fixtures/formats/${name}`)),
      companions: {},
      tensors: [],
    }),
  );
  const tflite = {
    name: 'hands.tflite',
    bytes: new Uint8Array(readFileSync('node_modules/@mediapipe/hands/hand_landmark_lite.tflite')),
    companions: {},
    tensors: [],
  };
  return [...plainSamples(4), ...real, tflite];
}

/** Opens, reads and lays out; false when it was refused in one line. */
function survives({ name, companions }: Sample, bytes: Uint8Array): boolean {
  try {
    const model = openModel(name, memorySource(name, bytes), (location) => {
      const found = companions[location];
      if (!found) throw new DeepCompressionError('not-found', `${location}: there is no such file`);
      return memorySource(location, found);
    });
    const replaceable = model.tensors.filter(
      (t) => model.writer.whyNotReplaceable(t) === undefined,
    );
    for (const tensor of model.tensors) {
      const values = new Float64Array(Math.min(most, tensor.parameters));
      try {
        model.reader.readValues(tensor, tensor.parameters - values.length, values);
      } catch (error) {
        oneLine(error);
      }
    }
    for (const [i, segments] of model.writer
      .layout(new Set(replaceable.map((t) => t.id)))
      .entries()) {
      const length = segments.reduce(
        (n, s) => n + (s.kind === 'literal' ? s.bytes.length : s.length),
        0,
      );
      assert.equal(length, model.files[i].source.size);
    }
    return true;
  } catch (error) {
    oneLine(error);
    return false;
  }
}

function oneLine(error: unknown): void {
  if (!(error instanceof DeepCompressionError)) throw error;
  assert.doesNotMatch(error.message, /\n/);
}

/** One to three changes, most of them where structure is: at the two ends of a file. */
function mutated(bytes: Uint8Array, random: () => number): Uint8Array {
  let changed = bytes.slice();
  const integer = (below: number): number => Math.floor(random() * below);
  const place = (): number => {
    const within = Math.min(changed.length, 700);
    const where = random();
    if (where < 0.4) return integer(within);
    return where < 0.8 ? changed.length - 1 - integer(within) : integer(changed.length);
  };
  for (let n = integer(3); n >= 0; n--) {
    const at = Math.max(0, place());
    const kind = integer(6);
    if (kind === 0) changed[at] ^= 1 << integer(8);
    else if (kind === 1) changed[at] = integer(256);
    else if (kind === 2) changed.fill(255, at, at + 1 + integer(8));
    else if (kind === 3) changed.fill(0, at, at + 1 + integer(8));
    else {
      const length = 1 + integer(24);
      const middle = kind === 4 ? changed.slice(at, at + length) : new Uint8Array(0);
      const rest = changed.subarray(kind === 4 ? at : at + length);
      const joined = new Uint8Array(at + middle.length + rest.length);
      joined.set(changed.subarray(0, at));
      joined.set(middle, at);
      joined.set(rest, at + middle.length);
      changed = joined;
    }
  }
  return changed;
}

for (const [i, sample] of samples().entries()) {
  test(`${sample.name} cut at any byte is refused in one line, or opens as what is there`, () => {
    assert.ok(survives(sample, sample.bytes));
    const { length } = sample.bytes;
    const step = length > 1 << 20 ? 40_001 : length > 4096 ? 7 : 1;
    for (let end = 0; end < sample.bytes.length; end += step)
      survives(sample, sample.bytes.subarray(0, end));
  });

  test(`${sample.name} with lies in it costs no more than a line`, () => {
    const random = mulberry32(i + 1);
    let opened = 0;
    // a large file takes longer to open
    const most = sample.bytes.length > 1 << 20 ? cases / 10 : cases;
    for (let n = 0; n < most; n++) if (survives(sample, mutated(sample.bytes, random))) opened++;
    assert.ok(opened > 0 && opened < most);
  });
}
