/**
 * The page of `npm run demo`: a digit that is drawn is read by LeNet-5 from its .dcz. As a site would
 * write it: the published decoder and ONNX Runtime Web, nothing else.
 */
import { createSession } from 'deep-compression/decode/onnxruntime-web';
import * as ort from 'onnxruntime-web';

ort.env.wasm.numThreads = 1;
const element = (id) => document.getElementById(id);
const paper = element('paper');
const ink = paper.getContext('2d', { willReadFrequently: true });
/** Pixels of the network's picture, a side; of the digit in it, as in MNIST. */
const side = 28;
const inner = 20;

const models = {
  'lenet-5.dcz': () => createSession('/models/lenet-5.dcz'),
  'lenet-5.onnx': async () =>
    ort.InferenceSession.create(await (await fetch('/models/lenet-5.onnx')).arrayBuffer()),
};
let session;

/** Loads a model, answers once, and says what it took. */
async function load(name) {
  const from = performance.now();
  session = await models[name]();
  await answer();
  const milliseconds = performance.now() - from;
  const [{ encodedBodySize }] = performance.getEntriesByName(
    new URL(`/models/${name}`, location.href).href,
  );
  const row = element('costs').insertRow();
  row.dataset.model = name;
  const texts = [name, bytes(encodedBodySize), `${milliseconds.toFixed(0)} ms`, await memory()];
  for (const text of texts) row.insertCell().textContent = text;
}

const bytes = (n) => (n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(2)} MB`);

/** Where the browser tells. */
async function memory() {
  if (performance.measureUserAgentSpecificMemory === undefined) return 'not told by this browser';
  return bytes((await performance.measureUserAgentSpecificMemory()).bytes);
}

async function answer() {
  const input = new ort.Tensor('float32', picture(), [1, 1, side, side]);
  const outputs = await session.run({ [session.inputNames[0]]: input });
  const scores = [...outputs[session.outputNames[0]].data];
  const most = Math.max(...scores);
  const odds = scores.map((score) => Math.exp(score - most));
  const sum = odds.reduce((a, b) => a + b);
  const empty = input.data.every((value) => value === 0);
  element('answer').textContent = empty ? '…' : String(scores.indexOf(most));
  element('chances').replaceChildren(
    ...odds.map((chance) => {
      const meter = Object.assign(document.createElement('meter'), { value: chance / sum });
      const item = document.createElement('li');
      item.append(meter, ` ${empty ? '' : `${((100 * chance) / sum).toFixed(1)} %`}`);
      return item;
    }),
  );
}

/** The drawing as MNIST has its digits: 20 pixels at most, its centre of mass in the middle. */
function picture() {
  const values = new Float32Array(side * side);
  const { width, height } = paper;
  const { data } = ink.getImageData(0, 0, width, height);
  let [left, top, right, bottom, mass, x, y] = [width, height, -1, -1, 0, 0, 0];
  for (let i = 0; i < width * height; i++) {
    const value = data[4 * i];
    if (value === 0) continue;
    const [column, row] = [i % width, Math.floor(i / width)];
    [left, right] = [Math.min(left, column), Math.max(right, column)];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    [mass, x, y] = [mass + value, x + value * column, y + value * row];
  }
  if (mass === 0) return values;
  const scale = inner / Math.max(right - left + 1, bottom - top + 1);
  const small = new OffscreenCanvas(side, side).getContext('2d');
  small.imageSmoothingQuality = 'high';
  small.setTransform(
    scale,
    0,
    0,
    scale,
    side / 2 - (scale * x) / mass,
    side / 2 - (scale * y) / mass,
  );
  small.drawImage(paper, 0, 0);
  const pixels = small.getImageData(0, 0, side, side).data;
  for (let i = 0; i < values.length; i++) values[i] = pixels[4 * i] / 255;
  return values;
}

function clear() {
  ink.fillStyle = '#000';
  ink.fillRect(0, 0, paper.width, paper.height);
}

/** Draws a stroke through points, as a hand does. */
function stroke(points) {
  ink.strokeStyle = '#fff';
  ink.lineWidth = 22;
  ink.lineCap = ink.lineJoin = 'round';
  ink.beginPath();
  for (const [x, y] of points) ink.lineTo(x, y);
  ink.stroke();
}

let last;
paper.addEventListener('pointerdown', (event) => {
  paper.setPointerCapture(event.pointerId);
  last = [event.offsetX, event.offsetY];
});
paper.addEventListener('pointermove', (event) => {
  if (last === undefined) return;
  const here = [event.offsetX, event.offsetY];
  stroke([last, here]);
  last = here;
});
paper.addEventListener('pointerup', () => {
  last = undefined;
  void answer();
});
element('clear').addEventListener('click', () => {
  clear();
  void answer();
});
element('sample').addEventListener('click', () => {
  clear();
  stroke([
    [80, 70],
    [200, 70],
    [120, 220],
  ]);
  void answer();
});
element('plain').addEventListener('click', ({ target }) => {
  target.disabled = true;
  void load('lenet-5.onnx');
});

clear();
await load('lenet-5.dcz');
