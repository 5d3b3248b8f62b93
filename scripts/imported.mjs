/**
 * Real TensorFlow.js models through the product: the layers models of the npm package nsfwjs (Inception-V3,
 * MobileNet-V2) are read, compressed and restored as they are, then imported to ONNX, compressed on made-up
 * pictures, and judged on others. The figures stand in docs/formats.md.
 *
 *   node scripts/imported.mjs FOLDER [inception_v3|mobilenet_v2 …]     after npm run build; the package (74 MB)
 *                                                 and the results are kept in FOLDER
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { npy } from '../test/fidelity/lib/npy.mjs';
import { random } from '../test/fidelity/lib/random.mjs';

const pinned = 'nsfwjs@4.2.1';
const sides = { inception_v3: 299, mobilenet_v2: 224 };
const pictures = { calibration: 64, test: 64 };

const [folder, ...asked] = process.argv.slice(2);
if (!folder) throw new Error('usage: node scripts/imported.mjs FOLDER [MODEL …]');
const home = resolve(folder);
mkdirSync(home, { recursive: true });

/** Runs the product; gives what it says in JSON. */
function deepc(...args) {
  const said = execFileSync(process.execPath, ['dist/cli.js', ...args, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(said);
}

/** The package holds its files as modules in base64: they are written as TensorFlow.js has them. */
function unpack(name) {
  const to = join(home, name);
  if (existsSync(join(to, 'model.json'))) return to;
  const packed = join(home, 'package', 'dist', 'models', name);
  if (!existsSync(packed)) {
    const archive = execFileSync('npm', ['pack', pinned, '--silent'], {
      cwd: home,
      encoding: 'utf8',
    });
    execFileSync('tar', ['xzf', archive.trim(), 'package/dist/models'], { cwd: home });
  }
  mkdirSync(to, { recursive: true });
  const require = createRequire(import.meta.url);
  globalThis.self ??= globalThis;
  for (const file of readdirSync(packed).sort((a, b) => b.localeCompare(a))) {
    const plain = file.replace('.min.js', '');
    const loaded = require(join(packed, file));
    const content = globalThis[plain.replaceAll('-', '_')] ?? loaded;
    const value = content.default ?? content;
    const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : JSON.stringify(value);
    writeFileSync(join(to, plain === 'model' ? 'model.json' : plain), bytes);
  }
  return to;
}

/** Coloured shapes on soft gradients, with noise: height x width x 3, from 0 to 1. */
function picture(side, next, target) {
  const wave = () => [next.between(0.5, 6), next.between(0.5, 6), next.between(0, 6.3)];
  const waves = [wave(), wave(), wave()];
  const shapes = Array.from({ length: 1 + next.int(8) }, () => ({
    x: next() * side,
    y: next() * side,
    size: side * next.between(0.05, 0.4),
    round: next() < 0.5,
    colour: [next(), next(), next()],
  }));
  const noise = next.between(0, 0.15);
  for (let y = 0, at = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      let colour = waves.map(([a, b, c]) => 0.5 + 0.4 * Math.sin((a * x + b * y) / side + c));
      for (const s of shapes) {
        const [dx, dy] = [Math.abs(x - s.x), Math.abs(y - s.y)];
        if (s.round ? dx * dx + dy * dy < s.size ** 2 : Math.max(dx, dy) < s.size)
          colour = s.colour;
      }
      for (const c of colour) target[at++] = Math.min(1, Math.max(0, c + noise * (next() - 0.5)));
    }
}

function writePictures(file, side, count, seed) {
  const next = random(seed);
  const size = side * side * 3;
  const all = new Float32Array(count * size);
  for (let i = 0; i < count; i++) picture(side, next, all.subarray(i * size, (i + 1) * size));
  writeFileSync(file, npy(all, [count, side, side, 3]));
}

const sha = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
const bytesOf = (files) => files.reduce((sum, file) => sum + statSync(file).size, 0);
const rows = [];

for (const name of asked.length > 0 ? asked : Object.keys(sides)) {
  const from = unpack(name);
  const files = readdirSync(from).map((file) => join(from, file));
  // as it is: quantized weights, losslessly
  const kept = join(home, `${name}.js.dcz`);
  const asIs = deepc(
    'compress',
    join(from, 'model.json'),
    '--out',
    kept,
    '--preset',
    'keep',
    '--force',
  );
  const back = join(home, `${name}-restored`);
  mkdirSync(back, { recursive: true });
  if (!existsSync(join(back, 'model.json')))
    deepc('decompress', kept, '--out', join(back, 'model.json'));
  const equal = readdirSync(from).every((f) => sha(join(from, f)) === sha(join(back, f)));

  const onnx = join(home, `${name}.onnx`);
  deepc('import', join(from, 'model.json'), '--out', onnx, '--force');
  const [calibration, test] = ['calibration', 'test'].map((part, i) => {
    const file = join(home, `${name}-${part}.npy`);
    writePictures(file, sides[name], pictures[part], 100 + i);
    return file;
  });
  const row = {
    name,
    original: bytesOf(files),
    lossless: asIs.output.bytes,
    equal,
    onnx: statSync(onnx).size,
  };
  for (const [preset, ...data] of [['keep'], ['safe'], ['calibrated', '--data', calibration]]) {
    const out = join(home, `${name}.${preset}.dcz`);
    const made = deepc('compress', onnx, '--out', out, '--preset', preset, ...data, '--force');
    const judged = deepc('evaluate', out, '--data', test, '--against', onnx);
    row[preset] = { bytes: made.output.bytes, ratio: made.ratio, judged };
  }
  rows.push(row);
  writeFileSync(join(home, 'rows.json'), JSON.stringify(rows, null, 1));
}
console.log(JSON.stringify(rows, null, 1));
