/**
 * Checks a message that arrives in the worker: version, job name, and the shape of the input.
 * Both ends are ours, so a mismatch means two builds are mixed; still it must be one clear line.
 */
import { DeepCompressionError } from '../model/errors.ts';
import { protocolVersion, type JobName, type ToWorker } from './protocol.ts';

type Check = (value: unknown) => boolean;

const text: Check = (v) => typeof v === 'string';
const filled: Check = (v) => typeof v === 'string' && v !== '';
const flag: Check = (v) => typeof v === 'boolean';
const integerFrom =
  (least: number): Check =>
  (v) =>
    typeof v === 'number' && Number.isSafeInteger(v) && v >= least;
const optional =
  (check: Check): Check =>
  (v) =>
    v === undefined || check(v);
const isObject = (v: unknown): v is Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);
const file: Check = (v) =>
  isObject(v) && (filled(v['path']) || (text(v['label']) && v['bytes'] instanceof Uint8Array));

const source: Check = (v) =>
  isObject(v) && (v['kind'] === 'workload' ? filled(v['name']) : file(v['file']));
const data: Check = (v) => isObject(v) && file(v['file']) && optional(file)(v['labels']);
const numbers: Check = (v) => Array.isArray(v) && v.every((n) => typeof n === 'number');
const inits = ['linear', 'density', 'random'];
const positions: Check = (v) => Array.isArray(v) && v.every(integerFrom(0));
const layers = {
  source,
  input: optional(file),
  density: optional((v) => typeof v === 'number'),
  seed: integerFrom(0),
  threads: optional(integerFrom(1)),
  layers: optional(positions),
  machine: optional(isObject),
};

/** What a question of the inspector may hold: numbers, words, and lists and records of those. */
const viewQuery: Check = (v) => isObject(v) && Object.values(v).every((value) => isPlain(value, 2));
const isPlain = (v: unknown, depth: number): boolean =>
  typeof v === 'number' ||
  typeof v === 'string' ||
  v === undefined ||
  (depth > 0 &&
    (Array.isArray(v)
      ? v.every((item) => isPlain(item, depth - 1))
      : isObject(v) && Object.values(v).every((item) => isPlain(item, depth - 1))));

const shapes: Readonly<Record<JobName, Readonly<Record<string, Check>>>> = {
  inspect: { file, statistics: flag, threads: optional(integerFrom(1)) },
  compress: {
    file,
    out: filled,
    overwrite: flag,
    recipe: (v) => filled(v) || isObject(v),
    seed: integerFrom(0),
    threads: integerFrom(1),
  },
  decompress: { file, out: filled, overwrite: flag, threads: integerFrom(1) },
  import: { weights: file, prototxt: file, out: filled, overwrite: flag },
  report: { file },
  page: { file, out: filled, overwrite: flag },
  compare: { original: file, changed: file },
  presets: {},
  simulate: {
    ...layers,
    timelineBins: optional(integerFrom(0)),
    measureHost: optional(flag),
  },
  sweep: {
    ...layers,
    axes: (v) => Array.isArray(v) && v.every((a) => isObject(a) && Array.isArray(a['values'])),
  },
  published: {},
  openView: { file },
  view: {
    view: integerFrom(1),
    other: optional(integerFrom(1)),
    name: filled,
    query: viewQuery,
  },
  closeView: { view: integerFrom(1) },
  evaluate: {
    file,
    data,
    normalisation: optional(isObject),
    batch: optional(integerFrom(1)),
    samples: optional(integerFrom(1)),
    threads: optional(integerFrom(1)),
  },
  sensitivity: {
    file,
    data,
    normalisation: optional(isObject),
    samples: optional(integerFrom(1)),
    sparsities: optional(numbers),
    bits: optional((v) => Array.isArray(v) && v.every(integerFrom(1))),
    inits: optional((v) => Array.isArray(v) && v.every((i) => inits.includes(i as string))),
    seed: optional(integerFrom(0)),
    into: optional(filled),
    threads: optional(integerFrom(1)),
  },
  retrain: {
    file,
    data,
    test: optional(data),
    out: filled,
    overwrite: flag,
    recipe: (v) => filled(v) || isObject(v),
    normalisation: optional(isObject),
    seed: integerFrom(0),
    threads: integerFrom(1),
    samples: optional(integerFrom(1)),
    checkpoint: optional(filled),
    fresh: optional(flag),
  },
};

/** The message, when it is one. @throws DeepCompressionError `invalid-input` */
export function checkedMessage(raw: unknown): ToWorker {
  if (!isObject(raw) || !integerFrom(0)(raw['id'])) throw invalid('a message without an id');
  if (['cancel', 'stop', 'pause', 'resume'].includes(String(raw['type'])))
    return raw as unknown as ToWorker;
  if (raw['type'] !== 'start') throw invalid(`unknown message type '${String(raw['type'])}'`);
  if (raw['version'] !== protocolVersion)
    throw invalid(
      `the worker speaks protocol ${protocolVersion}, not ${String(raw['version'])}: rebuild, or reload the window`,
    );
  const job = String(raw['job']);
  if (!Object.hasOwn(shapes, job)) throw invalid(`unknown job '${job}'`);
  checkInput(job as JobName, raw['input']);
  return raw as unknown as ToWorker;
}

/** Checks the input of one job. @throws DeepCompressionError `invalid-input` naming the field */
export function checkInput(job: JobName, input: unknown): void {
  if (!isObject(input)) throw invalid(`${job}: no input`);
  for (const [key, check] of Object.entries(shapes[job]))
    if (!check(input[key])) throw invalid(`${job}: '${key}' is not usable`);
}

function invalid(why: string): DeepCompressionError {
  return new DeepCompressionError('invalid-input', why);
}
