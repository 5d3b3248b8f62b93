// Synthetic speech with pauses and noise for voice activity. The labels are where a voice was put.
import { addNoise, say } from '../lib/audio.mjs';
import { npy } from '../lib/npy.mjs';
import { random } from '../lib/random.mjs';
import { sentences } from '../lib/words.mjs';

const voices = [
  'flite:slt',
  'flite:rms',
  'flite:awb',
  'flite:kal16',
  'en-us',
  'en-gb',
  'en-gb-scotland',
  'en-us+f2',
  'en-us+f3',
  'en-us+f4',
  'en-gb+f5',
  'en-us+m2',
  'en-us+m3',
  'en-gb+m5',
  'en-us+m7',
  'en-us+klatt2',
  'en-us+klatt4',
  'en-us+linda',
  'en-us+Alicia',
  'en-gb+steph',
  'en-us+Andrea',
  'en-us+Mr',
  'en-us+robosoft',
  'en-us+adam',
  'en-gb+belinda',
  'en-us+david',
  'en-us+victor',
  'en-gb+Annie',
];
const kinds = ['white', 'low', 'hum'];

/** Recordings of both parts, and the calibration part as frames. */
export function speech({ save, saveJson }) {
  for (const [split, count, seconds, seed] of [
    ['calibration', 4, 40, 31],
    ['test', 12, 50, 32],
  ]) {
    const r = random(seed),
      all = new Float32Array(count * seconds * 16000),
      truth = [];
    for (let n = 0; n < count; n++) {
      const x = all.subarray(n * seconds * 16000, (n + 1) * seconds * 16000),
        segments = [];
      const voice = voices[(n * 5 + (split === 'test' ? 0 : 3)) % voices.length];
      for (let at = Math.round(r.between(0.5, 2) * 16000); ;) {
        const s = say(r.pick(sentences), voice, 130 + r.int(70), 40 + r.int(30)),
          gain = r.between(0.15, 1);
        if (at + s.length > x.length - 8000) break;
        for (let i = 0; i < s.length; i++) x[at + i] = s[i] * gain;
        segments.push([at, at + s.length]);
        at += s.length + Math.round(r.between(0.6, 2.5) * 16000);
      }
      addNoise(x, [0.001, 0.01, 0.03, 0.06][n % 4], kinds[n % 3], r);
      truth.push(segments);
    }
    saveJson(`vad-${split}.json`, { count, samples: seconds * 16000, truth });
    save(`vad-${split}.bin`, Buffer.from(all.buffer));
    const frames = Math.floor(all.length / 512);
    if (split === 'calibration')
      save('calibration/vad.npy', npy(all.slice(0, frames * 512), [frames, 512]));
  }
}
