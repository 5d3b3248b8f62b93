/**
 * The values that a model's layers multiply, by running the (compressed) model once on the user's
 * sample or on a stated random input. Everything is in memory: WebAssembly has 4 GB, so a model above
 * `largest` is not run. A model that the runtime refuses gives a note, not an error; a sample that
 * does not fit the model is an error.
 */
import { asFloats, type Value } from '../../calibrate/vectors.ts';
import { readBytes } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import type { HostTensor, Session } from '../../train/runtime.ts';
import { openSession } from '../runtime/ort-web.ts';
import { withOutputs } from '../../model/onnx/with-outputs.ts';
import { guessesFor, makeFeeds, modelInputs, type Sample } from './sample.ts';

export interface ModelValues {
  /** By name; empty when the model could not be run. */
  readonly values: ReadonlyMap<string, Value>;
  readonly notes: readonly string[];
  /** Why there are none, '' when there are. */
  readonly why: string;
}

const largest = 1.5e9;

/** @throws DeepCompressionError `invalid-input` when the sample does not fit the model */
export async function modelValues(
  model: OnnxModel,
  names: readonly string[],
  sample: Sample | undefined,
  seed: number,
  folder: string,
): Promise<ModelValues> {
  const none = (why: string): ModelValues => ({ values: new Map(), notes: [], why });
  if (names.length === 0) return none('');
  const size = model.files.reduce((sum, f) => sum + f.source.size, 0);
  if (size > largest) return none(`the model of ${size} bytes is too large to be run here`);
  let session: Session;
  try {
    session = await open(model, names, folder);
  } catch (error) {
    return none(`ONNX Runtime does not open the model (${oneLine(error)})`);
  }
  try {
    return await run(session, model, names, sample, seed);
  } catch (error) {
    if (sample && error instanceof DeepCompressionError) throw error;
    return none(oneLine(error));
  } finally {
    await session.close().catch(() => {});
  }
}

function open(model: OnnxModel, names: readonly string[], folder: string): Promise<Session> {
  const shown = new Set(model.graph.outputs.map((o) => o.name));
  const [{ source }, ...others] = model.files;
  const bytes = withOutputs(
    source,
    names.filter((name) => !shown.has(name)),
  );
  const externals = others.map((file) => ({
    path: file.location,
    data: readBytes(file.source, 0, file.source.size),
  }));
  return openSession(bytes, externals, folder, true);
}

async function run(
  session: Session,
  model: OnnxModel,
  names: readonly string[],
  sample: Sample | undefined,
  seed: number,
): Promise<ModelValues> {
  const inputs = modelInputs(model.graph);
  let failure: unknown;
  for (const guess of guessesFor(inputs)) {
    const { feeds, stated } = makeFeeds(inputs, sample, guess, seed);
    let outputs: Record<string, HostTensor>;
    try {
      outputs = await session.run(feeds);
    } catch (error) {
      failure = error;
      if (sample && stated.length === 0) break; // nothing was guessed
      continue;
    }
    const values = new Map<string, Value>();
    for (const name of names) {
      const output = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
      const data = output && asFloats(output);
      if (data) values.set(name, { dims: output.dims, data });
    }
    const notes =
      stated.length === 0
        ? []
        : [
            `${sample ? `not in ${sample.name}, so made up` : 'no sample given: the model ran on a random input'} (seed ${seed}): ${stated.join('; ')}`,
          ];
    return { values, notes, why: '' };
  }
  const line = `ONNX Runtime does not run the model on ${sample ? sample.name : 'a random input'} (${oneLine(failure)})`;
  throw new DeepCompressionError('invalid-input', line);
}

function oneLine(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}
