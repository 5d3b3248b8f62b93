// Text recognition, direction and detection (PP-OCR) on rendered lines and pages.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dictionary } from '../lib/models.mjs';
import { run, session } from '../lib/runtime.mjs';

function lines(data, split) {
  const items = JSON.parse(readFileSync(join(data, `lines-${split}.json`)));
  const bytes = readFileSync(join(data, `lines-${split}.bin`));
  return items.map((item) => ({
    ...item,
    pixels: bytes.subarray(item.at, item.at + item.width * 144),
  }));
}

/** RGB rows to normalised BGR planes, cut or filled up to `wide`, turned by 180 degrees or not. */
function planes({ width, pixels }, wide, turned) {
  const out = new Float32Array(3 * 48 * wide),
    w = Math.min(wide, width),
    step = width / w;
  for (let y = 0; y < 48; y++)
    for (let x = 0; x < w; x++) {
      const from = 48 * width - 1,
        at = y * width + Math.min(width - 1, Math.floor((x + 0.5) * step));
      for (let k = 0; k < 3; k++)
        out[(k * 48 + y) * wide + x] = pixels[(turned ? from - at : at) * 3 + 2 - k] / 127.5 - 1;
    }
  return out;
}

function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}

export const recognition = {
  set: 'lines',
  load(data, split) {
    const characters = readFileSync(dictionary, 'utf8')
      .split('\n')
      .map((s) => s.replace('\r', ''));
    if (characters.at(-1) === '') characters.pop();
    const alphabet = ['', ...characters, ' '];
    const inputs = lines(data, split).map((item) => ({
      text: item.text,
      width: item.width,
      x: planes(item, item.width, false),
    }));
    return { alphabet, inputs };
  },
  async answers({ alphabet, inputs }, bytes) {
    const s = await session(bytes),
      texts = [];
    for (const { x, width } of inputs) {
      const { data, dims } = await run(s, x, [1, 3, 48, width]);
      const classes = dims[2];
      let text = '',
        last = 0;
      for (let t = 0; t < dims[1]; t++) {
        const at = t * classes;
        let best = 0;
        for (let c = 1; c < classes; c++) if (data[at + c] > data[at + best]) best = c;
        if (best && best !== last) text += alphabet[best];
        last = best;
      }
      texts.push(text);
    }
    await s.release();
    return texts;
  },
  metrics({ inputs }, texts, reference) {
    const squeeze = (s) => s.replaceAll(' ', '');
    let right = 0,
      errors = 0,
      total = 0,
      same = 0;
    inputs.forEach(({ text }, i) => {
      const truth = [...squeeze(text)],
        got = [...squeeze(texts[i])];
      errors += distance(truth, got);
      total += truth.length;
      if (truth.join('') === got.join('')) right++;
      if (texts[i] === reference[i]) same++;
    });
    const n = inputs.length;
    return { main: right / n, cer: errors / total, agreement: same / n };
  },
};

export const direction = {
  set: 'lines',
  load: (data, split) =>
    lines(data, split).flatMap((item) =>
      [false, true].map((turned) => ({ turned, x: planes(item, 192, turned) })),
    ),
  async answers(inputs, bytes) {
    const s = await session(bytes),
      out = [];
    for (const { x } of inputs) out.push((await run(s, x, [1, 3, 48, 192])).data[1]);
    await s.release();
    return out;
  },
  metrics(inputs, out, reference) {
    const n = inputs.length,
      part = (test) => out.filter(test).length / n;
    const accuracy = part((p, i) => p > 0.5 === inputs[i].turned);
    return {
      main: accuracy,
      agreement: part((p, i) => p > 0.5 === reference[i] > 0.5),
      meanDifference: out.reduce((a, p, i) => a + Math.abs(p - reference[i]), 0) / n,
    };
  },
};

/** Boxes of what is above 0.3, grown as DB does (unclip 1.6). */
function boxes(map, side) {
  const seen = new Uint8Array(side * side),
    found = [],
    stack = [];
  for (let start = 0; start < side * side; start++) {
    if (seen[start] || map[start] <= 0.3) continue;
    let x0 = side,
      x1 = 0,
      y0 = side,
      y1 = 0,
      sum = 0,
      count = 0;
    stack.push(start);
    seen[start] = 1;
    while (stack.length) {
      const at = stack.pop(),
        x = at % side,
        y = (at - x) / side;
      x0 = Math.min(x0, x);
      x1 = Math.max(x1, x);
      y0 = Math.min(y0, y);
      y1 = Math.max(y1, y);
      sum += map[at];
      count++;
      for (let dy = -1; dy <= 1; dy++)
        for (let dx = -1; dx <= 1; dx++) {
          const u = x + dx,
            v = y + dy,
            next = v * side + u;
          if (u < 0 || v < 0 || u >= side || v >= side || seen[next] || map[next] <= 0.3) continue;
          seen[next] = 1;
          stack.push(next);
        }
    }
    const w = x1 - x0 + 1,
      h = y1 - y0 + 1;
    if (Math.min(w, h) < 3 || sum / count < 0.6) continue;
    const grow = (w * h * 1.6) / (2 * (w + h));
    found.push([x0 - grow, y0 - grow, x1 + 1 + grow, y1 + 1 + grow]);
  }
  return found;
}

function overlap(a, b) {
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0]),
    h = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (w <= 0 || h <= 0) return 0;
  const area = (r) => (r[2] - r[0]) * (r[3] - r[1]);
  return (w * h) / (area(a) + area(b) - w * h);
}

function matched(truth, found) {
  const free = new Set(found.keys());
  let hits = 0;
  for (const t of truth) {
    let best = -1,
      most = 0.5;
    for (const i of free) {
      const o = overlap(t, found[i]);
      if (o > most) {
        most = o;
        best = i;
      }
    }
    if (best >= 0) {
      hits++;
      free.delete(best);
    }
  }
  return hits;
}

export const detection = {
  set: 'pages',
  load(data, split) {
    const { side, truth } = JSON.parse(readFileSync(join(data, `pages-${split}.json`)));
    const bytes = readFileSync(join(data, `pages-${split}.bin`)),
      area = side * side;
    const mean = [0.485, 0.456, 0.406],
      sd = [0.229, 0.224, 0.225];
    const inputs = truth.map((boxes, n) => {
      const x = new Float32Array(3 * area);
      for (let k = 0; k < 3; k++)
        for (let i = 0; i < area; i++)
          x[k * area + i] = (bytes[(n * area + i) * 3 + 2 - k] / 255 - mean[k]) / sd[k];
      return { boxes, x };
    });
    return { side, inputs };
  },
  async answers({ side, inputs }, bytes) {
    const s = await session(bytes),
      out = [];
    for (const { x } of inputs) {
      const map = (await run(s, x, [1, 3, side, side])).data;
      out.push({ map: Float32Array.from(map), boxes: boxes(map, side) });
    }
    await s.release();
    return out;
  },
  metrics({ inputs }, out, reference) {
    let hits = 0,
      real = 0,
      said = 0,
      agreed = 0,
      before = 0,
      difference = 0,
      n = 0;
    inputs.forEach((input, i) => {
      hits += matched(input.boxes, out[i].boxes);
      agreed += matched(reference[i].boxes, out[i].boxes);
      real += input.boxes.length;
      said += out[i].boxes.length;
      before += reference[i].boxes.length;
      for (let k = 0; k < out[i].map.length; k++)
        difference += Math.abs(out[i].map[k] - reference[i].map[k]);
      n += out[i].map.length;
    });
    return {
      main: (2 * hits) / (real + said),
      agreement: (2 * agreed) / (before + said),
      meanDifference: difference / n,
    };
  },
};
