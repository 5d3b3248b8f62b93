// Voice activity (silero v5) on synthetic speech.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { auc, mean } from '../lib/metrics.mjs';
import { session, tensor } from '../lib/runtime.mjs';

const floats = (path) => {
  const b = readFileSync(path);
  return new Float32Array(b.buffer.slice(b.byteOffset, b.byteOffset + b.length));
};

export const voice = {
  set: 'speech',
  load(data, split) {
    const { count, samples, truth } = JSON.parse(readFileSync(join(data, `vad-${split}.json`)));
    const all = floats(join(data, `vad-${split}.bin`)),
      frames = Math.floor(samples / 512),
      labels = [];
    for (let n = 0; n < count; n++)
      for (let f = 0; f < frames; f++)
        labels.push(truth[n].some(([a, b]) => a <= f * 512 + 256 && f * 512 + 256 < b));
    return { count, samples, frames, all, labels };
  },
  async answers({ count, samples, frames, all }, bytes) {
    const s = await session(bytes),
      out = new Float32Array(count * frames);
    const sr = tensor(BigInt64Array.of(16000n), [], 'int64');
    // all recordings as one batch, frame after frame; 64 samples of context before each frame
    let state = tensor(new Float32Array(2 * count * 128), [2, count, 128]);
    for (let f = 0; f < frames; f++) {
      const x = new Float32Array(count * 576);
      for (let n = 0; n < count; n++)
        for (let i = 0; i < 576; i++) {
          const at = f * 512 + i - 64;
          x[n * 576 + i] = at < 0 ? 0 : all[n * samples + at];
        }
      const result = await s.run({ input: tensor(x, [count, 576]), state, sr });
      state = result.stateN;
      for (let n = 0; n < count; n++) out[n * frames + f] = result.output.data[n];
    }
    await s.release();
    return out;
  },
  metrics({ labels }, out, reference) {
    const list = [...out];
    const accuracy = mean(list, (p, i) => (p > 0.5 === labels[i] ? 1 : 0));
    return {
      main: accuracy,
      auc: auc(list, labels),
      agreement: mean(list, (p, i) => (p > 0.5 === reference[i] > 0.5 ? 1 : 0)),
      meanDifference: mean(list, (p, i) => Math.abs(p - reference[i])),
    };
  },
};
