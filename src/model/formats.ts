/**
 * Opens a model of any format, which is told by its content; the file's name only decides what is said.
 * A new format is one folder, its line here and its line in `format-names.ts`.
 */
import { headOf, type ByteSource } from './bytes.ts';
import { DeepCompressionError } from './errors.ts';
import type { Format, OpenCompanion } from './format.ts';
import { endsIn, formatIds, formatNames, type FormatId } from './format-names.ts';
import type { Model } from './model.ts';
import { ggufFormat } from './gguf/open.ts';
import { numpyFormat } from './numpy/open.ts';
import { onnxFormat } from './onnx/open.ts';
import { pytorchFormat } from './pytorch/open.ts';
import { insteadOf, onnx } from './recognise.ts';
import { safetensorsFormat } from './safetensors/open.ts';
import { tfjsFormat } from './tfjs/open.ts';
import { tfliteFormat } from './tflite/open.ts';

const formats: Readonly<Record<FormatId, Format>> = {
  onnx: onnxFormat,
  safetensors: safetensorsFormat,
  gguf: ggufFormat,
  tflite: tfliteFormat,
  tfjs: tfjsFormat,
  pytorch: pytorchFormat,
  numpy: numpyFormat,
};

/** The format of a file by its content; undefined for what is none, and for ONNX, which has no mark. */
export function sniffFormat(source: ByteSource): FormatId | undefined {
  const head = headOf(source);
  return formatIds.find((id) => formats[id].sniff(head, source));
}

/**
 * Opens a model; no payload is read. A file that is named as another format is opened all the same, with
 * a note.
 * @throws DeepCompressionError of any code that a file can cause, `invalid-model` with what it is instead
 */
export function openModel(path: string, source: ByteSource, companion: OpenCompanion): Model {
  const id = sniffFormat(source);
  if (id === undefined) return openUnmarked(path, source, companion);
  const model = openMarked(id, path, source, companion);
  const said = formatIds.find((other) => hasEnding(path, other));
  if (said === undefined || hasEnding(path, id)) return model;
  const note = `it is named as ${formatNames[said].phrase} but is ${formatNames[id].phrase}`;
  return Object.assign(model, { notes: [...model.notes, note] });
}

/** A file that bears the mark of its format is damaged where it cannot be read. */
function openMarked(
  id: FormatId,
  path: string,
  source: ByteSource,
  companion: OpenCompanion,
): Model {
  try {
    return formats[id].open(path, source, companion);
  } catch (error) {
    const said = `${path}: `;
    if (!(error instanceof DeepCompressionError) || error.code !== 'invalid-model') throw error;
    if (!error.message.startsWith(said)) throw error;
    const line = `${said}damaged ${formatNames[id].name} file: ${error.message.slice(said.length)}`;
    throw new DeepCompressionError('invalid-model', line, { cause: error });
  }
}

function openUnmarked(path: string, source: ByteSource, companion: OpenCompanion): Model {
  try {
    return formats.onnx.open(path, source, companion);
  } catch (error) {
    const named = formatIds.find((id) => hasEnding(path, id)) ?? 'onnx';
    const told = insteadOf(error, path, formatNames[named].phrase, headOf(source), onnx);
    if (named === 'onnx' || told !== error || !isInvalid(error)) throw told;
    const line = `${path} is not ${formatNames[named].phrase}: its first bytes are of no format that is known here`;
    throw new DeepCompressionError('invalid-model', line, { cause: error });
  }
}

const isInvalid = (error: unknown): boolean =>
  error instanceof DeepCompressionError && error.code === 'invalid-model';

function hasEnding(path: string, id: FormatId): boolean {
  const lower = path.toLowerCase();
  return formatNames[id].endings.some((ending) => endsIn(lower, ending));
}
