// Speech from espeak-ng and flite as 16 kHz mono float32, and what is done to it.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function readWav(path) {
  const bytes = readFileSync(path);
  const rate = bytes.readUInt32LE(24);
  let at = 12;
  while (bytes.toString('latin1', at, at + 4) !== 'data') at += 8 + bytes.readUInt32LE(at + 4);
  const end = Math.min(bytes.length, at + 8 + bytes.readUInt32LE(at + 4));
  const samples = new Float32Array((end - at - 8) >> 1);
  for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(at + 8 + 2 * i) / 32768;
  return { rate, samples };
}

/** Windowed-sinc resampling. */
function resample({ rate, samples }, to) {
  if (rate === to) return samples;
  const step = rate / to,
    cut = Math.min(1, to / rate),
    half = Math.ceil(16 / cut);
  const out = new Float32Array(Math.floor(samples.length / step));
  for (let i = 0; i < out.length; i++) {
    const centre = i * step,
      first = Math.ceil(centre - half);
    let sum = 0;
    for (let j = Math.max(0, first); j <= centre + half && j < samples.length; j++) {
      const x = (j - centre) * cut;
      const w = 0.5 + 0.5 * Math.cos((Math.PI * (j - centre)) / half);
      sum += samples[j] * w * (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
    }
    out[i] = sum * cut;
  }
  return out;
}

/** voice: "flite:slt" or an espeak-ng voice. Peak at 0.5, silence at both ends cut away. */
export function say(text, voice, speed = 160, pitch = 50) {
  const path = join(tmpdir(), `say-${process.pid}.wav`);
  if (voice.startsWith('flite:'))
    execFileSync('flite', [
      '-voice',
      voice.slice(6),
      '--setf',
      `duration_stretch=${160 / speed}`,
      '-t',
      text,
      '-o',
      path,
    ]);
  else
    execFileSync('espeak-ng', [
      '-v',
      voice,
      '-s',
      String(speed),
      '-p',
      String(pitch),
      '-w',
      path,
      text,
    ]);
  const samples = resample(readWav(path), 16000);
  rmSync(path);
  let peak = 0;
  for (const s of samples) peak = Math.max(peak, Math.abs(s));
  let from = 0,
    to = samples.length;
  while (from < to && Math.abs(samples[from]) < 0.02 * peak) from++;
  while (to > from && Math.abs(samples[to - 1]) < 0.02 * peak) to--;
  return samples.slice(from, to).map((s) => (s * 0.5) / peak);
}

/** Adds noise: white, pink-like (leaky integral of white) or hum. */
export function addNoise(samples, level, kind, random) {
  let low = 0;
  for (let i = 0; i < samples.length; i++) {
    const white = random.normal();
    low = 0.95 * low + white;
    samples[i] +=
      level *
      (kind === 'white'
        ? white
        : kind === 'low'
          ? 0.3 * low
          : Math.sin((2 * Math.PI * 100 * i) / 16000) + 0.2 * white);
  }
  return samples;
}
