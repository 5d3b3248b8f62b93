/**
 * What the house makes of its own samples, byte for byte: the .dcz of every preset that needs no data,
 * what every job says of them, and the data of a report page. A change of structure leaves every hash
 * alone. A change of method says in its commit why a hash changes, and takes the new ones with
 *   DC_UPDATE_GOLDEN=1 node scripts/unit.mjs test/conformance/golden-hashes.test.ts
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { presets } from '../../src/recipe/recipe.ts';
import { allJobs } from '../../src/engine/jobs/all.ts';
import type { FileInput } from '../../src/engine/protocol-model.ts';
import { temporaryFolder } from '../unit/engine/support.ts';

const file = join('test', 'conformance', 'golden', 'hashes.json');
const samples = join('media', 'samples');
const folder = temporaryFolder();
const template = join(folder, 'template.html');
const jobs = allJobs({ workerFile: undefined, pageTemplate: template });
const never = new AbortController().signal;
const quiet = (): void => {};
const networks = ['lenet-300-100', 'lenet-5'];
const updating = process.env['DC_UPDATE_GOLDEN'] === '1';
const golden = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>;
const found: Record<string, string> = {};

function check(name: string, content: Uint8Array | string): void {
  found[name] = createHash('sha256').update(content).digest('hex').slice(0, 32);
  if (!updating) assert.equal(found[name], golden[name], `${name} is not what it was`);
}

/** What a job says, without what depends on the machine and the moment. */
function said(result: object): string {
  return JSON.stringify(result, (key, value: unknown) => {
    if (key === 'seconds' || key === 'host' || key === 'path') return undefined;
    return ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value;
  });
}

/** A sample by content, so that no path is in what is said. */
function sample(name: string): FileInput {
  return { label: name, bytes: new Uint8Array(readFileSync(join(samples, name))) };
}

async function pageData(input: FileInput): Promise<string> {
  const out = join(folder, 'page.html');
  await jobs.page({ file: input, out, overwrite: true }, never, quiet);
  return readFileSync(out, 'utf8');
}

before(() =>
  writeFileSync(template, '<title>__TITLE__</title><script id="data">__DATA__</script>'),
);
after(() => {
  if (updating) writeFileSync(file, `${JSON.stringify(found, null, 2)}\n`);
});

for (const network of networks) {
  const onnx = `${network}.onnx`;
  const dcz = `${network}.dcz`;

  for (const { name, goal, train } of presets)
    if (!goal && !train)
      test(`${onnx} compressed with ${name} is the same file, and its report says the same`, async () => {
        const out = join(folder, `${network}-${name}.dcz`);
        const input = {
          file: sample(onnx),
          out,
          overwrite: true,
          recipe: name,
          seed: 1,
          threads: 1,
        };
        // what the outputs do depends on the runtime that is found
        const { fidelity, notMeasured, ...result } = await jobs.compress(input, never, quiet);
        assert.ok(fidelity ?? notMeasured);
        const bytes = new Uint8Array(readFileSync(out));
        check(`${network} ${name} .dcz`, bytes);
        check(`${network} ${name} compress`, said(result));
        const made = { label: 'made.dcz', bytes };
        check(`${network} ${name} report`, said(await jobs.report({ file: made }, never, quiet)));
      });

  test(`the pages of ${onnx} and ${dcz} hold the same data`, async () => {
    check(`${onnx} page`, await pageData(sample(onnx)));
    check(`${dcz} page`, await pageData(sample(dcz)));
  });

  test(`inspect, compare, decompress and simulate say the same of ${network}`, async () => {
    const original = sample(onnx);
    const changed = sample(dcz);
    const out = join(folder, onnx);
    for (const [name, input] of Object.entries({ onnx: original, dcz: changed }))
      check(
        `${network} inspect ${name}`,
        said(await jobs.inspect({ file: input, statistics: true, threads: 1 }, never, quiet)),
      );
    check(`${network} compare`, said(await jobs.compare({ original, changed }, never, quiet)));
    await jobs.decompress({ file: changed, out, overwrite: true, threads: 1 }, never, quiet);
    check(`${network} decompressed`, new Uint8Array(readFileSync(out)));
    const source = { kind: 'model', file: changed } as const;
    const input = { source, density: 0.4, seed: 1, threads: 1 };
    const machine = { machine: { pe: 16 }, timelineBins: 32 };
    check(`${network} simulate`, said(await jobs.simulate({ ...input, ...machine }, never, quiet)));
    const axes = [{ name: 'fifo', values: [2, 8] }] as const;
    check(`${network} sweep`, said(await jobs.sweep({ ...input, axes }, never, quiet)));
  });
}

test('every golden hash is still looked at', () => {
  if (!updating) assert.deepEqual(Object.keys(found).sort(), Object.keys(golden).sort());
});
