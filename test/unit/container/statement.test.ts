/** What a .dcz says of itself: stored as documented, checked by every reader, believed by none. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { openDcz } from '../../../src/container/read.ts';
import { writeStatement } from '../../../src/container/statement.ts';
import { decode } from '../../../src/decode/decode.ts';
import { attemptsJob } from '../../../src/engine/jobs/attempts.ts';
import { statedBy, statementOf } from '../../../src/engine/statement.ts';
import type { JudgedFidelity } from '../../../src/engine/protocol-fidelity.ts';
import { memorySource } from '../../../src/model/bytes.ts';
import type { Model } from '../../../src/model/model.ts';
import { decodeIndependently } from '../../conformance/independent-decoder.ts';
import { writeToMemory } from './models.ts';
import { randomModel } from './random-models.ts';

const fake = Array.from({ length: 20 }, (_, seed) => randomModel(seed + 70)).find(
  ({ restored }) => restored.length === 1 && restored[0].length > 100,
)!;
const plain = writeToMemory(fake, { name: 'sample' }).bytes;
const source = memorySource(
  'model',
  Uint8Array.from({ length: 3 << 20 }, (_, i) => i * 7),
);
const model = { files: [{ location: '', source }] } as unknown as Model;
const fidelity: JudgedFidelity = {
  ...{ on: 'samples', verdict: 'kept', name: 'y', kind: 'class', samples: 30, answers: 30 },
  ...{ disagreement: 0.033333, interval: { low: 0.00592, high: 0.1667 }, expectedLoss: 0.00123 },
  ...{ smoothLoss: null, relativeError: 0.02345, accuracy: null, outputs: [] },
};
const statement = statementOf('/home/me/models/digits.onnx', model, fidelity, 0.005);
const said = writeStatement(statement);
const joined = Uint8Array.of(...plain, ...said);
const open = (bytes: Uint8Array) => openDcz(memorySource('a.dcz', bytes));

test('a statement comes back, takes about a hundred bytes, and changes nothing that is restored', async () => {
  assert.deepEqual(open(joined).statement, statement);
  assert.equal(open(plain).statement, undefined);
  assert.ok(said.length < 130, `${said.length} bytes`);
  assert.deepEqual(await decode(joined), fake.restored[0]);
  assert.deepEqual(decodeIndependently(joined).files[0]?.bytes, fake.restored[0]);
});

test('it names the model by its last name and says figures as precise as they are', () => {
  assert.equal(statement.model.name, 'digits.onnx');
  assert.match(statement.model.sha256, /^[\w-]{22}$/);
  const { outputs } = statement;
  assert.deepEqual(outputs?.interval, { low: 0.0059, high: 0.17 });
  assert.deepEqual([outputs?.loss, outputs?.relativeError], [0.0012, 0.023]);
});

test('it is stored as the format says, dictionary included', () => {
  const text = readFileSync('docs/dcz-format.md', 'utf8').split('## 7. The statement')[1] ?? '';
  const dictionary = Buffer.from(/^ {4}(.*)$/m.exec(text)?.[1] ?? '');
  const json = inflateRawSync(said.subarray(0, -6), { dictionary }).toString();
  assert.equal(json.length, said.at(-6)! + 256 * said.at(-5)!);
  assert.deepEqual(JSON.parse(json), statement);
});

test('one that is cut off, changed or too long is refused by all readers', async () => {
  const refused = async (bytes: Uint8Array): Promise<void> => {
    assert.throws(() => open(bytes), { code: 'invalid-container' });
    await assert.rejects(decode(bytes), { code: 'invalid-container' });
    assert.throws(() => decodeIndependently(bytes));
  };
  for (let length = plain.length + 1; length < joined.length; length += 3)
    await refused(joined.subarray(0, length));
  for (let at = plain.length; at < joined.length; at += 5) {
    const changed = joined.slice();
    changed[at]! ^= 1 << (at % 8);
    await refused(changed);
  }
  await refused(Uint8Array.of(...joined, ...new Uint8Array(70_000)));
});

test('what a statement claims is judged here, and one of another form is passed over', () => {
  assert.equal(statedBy(statement)?.verdict, 'kept');
  const worse = { ...statement, outputs: { ...statement.outputs!, loss: 0.4 } };
  assert.equal(statedBy(worse)?.verdict, 'destroyed');
  for (const other of [{}, { model: {} }, { ...statement, outputs: { on: 'oath' } }, undefined])
    assert.equal(statedBy(other), undefined);
  assert.deepEqual(statedBy({ model: statement.model }), { model: statement.model });
});

test('files that state one model line up, the smallest first; others and unreadable ones are left out', async () => {
  const other = { ...statement, model: { ...statement.model, sha256: 'another' } };
  const made = (label: string, ...parts: Uint8Array[]) => ({
    label,
    bytes: new Uint8Array(Buffer.concat(parts)),
  });
  const longer = writeStatement({ ...statement, maxLoss: 0.0051234 });
  const run = async (file: { label: string; bytes: Uint8Array<ArrayBuffer> }) => {
    const others = [
      made('own.dcz', plain, said),
      made('other.dcz', plain, writeStatement(other)),
      made('plain.dcz', plain),
      made('broken.dcz', plain.subarray(0, 50)),
    ];
    const { attempts } = await attemptsJob.run({ file, others }, {} as never);
    return attempts;
  };
  const attempts = await run(made('longer.dcz', plain, longer));
  assert.deepEqual(
    attempts.map(({ path, recipe }) => [path, recipe]),
    [
      ['own.dcz', 'sample'],
      ['longer.dcz', 'sample'],
    ],
  );
  assert.ok(attempts[0]!.ratio > attempts[1]!.ratio);
  assert.equal(attempts[0]!.stated.verdict, 'kept');
  assert.deepEqual(await run(made('plain.dcz', plain)), []);
});
