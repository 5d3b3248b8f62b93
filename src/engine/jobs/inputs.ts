/** Shapes of what more than one job takes. */
import type { DataSplit } from '../../train/dataset/taken.ts';
import type { FileInput } from '../protocol-model.ts';
import type { RewriteInput } from '../protocol-rewrite.ts';
import type { DataInput, NormalisationInput } from '../protocol-train.ts';
import {
  anyRecord,
  bytes,
  either,
  exactly,
  filledText,
  flag,
  integerFrom,
  listOf,
  number,
  oneOf,
  optional,
  record,
  text,
  type Check,
  type Shape,
} from '../shape.ts';
import type { SimulateLayers, SimulateSource } from '../protocol-simulate.ts';

export const fileInput = either(
  record<Extract<FileInput, { path: string }>>({ path: filledText }),
  record<Extract<FileInput, { label: string }>>({ label: text, bytes }),
);

/** The path of a file that a job writes. */
export const outputPath: Check<string> = (v): v is string => filledText(v);

/** A preset's name, or a recipe, which the job checks. */
export const recipeInput = either(filledText, anyRecord);

export const dataInput = record<DataInput>({
  file: fileInput,
  labels: optional(fileInput),
  split: optional(oneOf<DataSplit>({ train: true, validation: true, test: true })),
  label: optional(filledText),
  header: optional(flag),
});

export const normalisationInput = record<NormalisationInput>({
  scale: optional(number),
  mean: optional(listOf(number)),
  deviation: optional(listOf(number)),
});

/** Of the jobs that write another ONNX model. */
export const rewriteInput: Shape<RewriteInput> = {
  file: fileInput,
  data: optional(dataInput),
  normalisation: optional(normalisationInput),
  samples: optional(integerFrom(1)),
  out: outputPath,
  overwrite: flag,
  seed: integerFrom(0),
  threads: optional(integerFrom(1)),
};

type Source<K extends SimulateSource['kind']> = Extract<SimulateSource, { kind: K }>;

const source = either(
  record<Source<'workload'>>({ kind: exactly('workload'), name: filledText }),
  either(
    record<Source<'model'>>({ kind: exactly('model'), file: fileInput }),
    record<Source<'cases'>>({ kind: exactly('cases'), file: fileInput }),
  ),
);

/** Of the jobs that simulate. */
export const simulatedLayers: Shape<SimulateLayers> = {
  source,
  input: optional(fileInput),
  density: optional(number),
  seed: integerFrom(0),
  threads: optional(integerFrom(1)),
  layers: optional(listOf(integerFrom(0))),
};
