/**
 * The model formats there are, by name: what programs need that only talk about files. The readers are
 * in `formats.ts`.
 */
const table = {
  onnx: { name: 'ONNX', phrase: 'an ONNX model', endings: ['onnx'] },
  safetensors: { name: 'safetensors', phrase: 'a safetensors file', endings: ['safetensors'] },
  gguf: { name: 'GGUF', phrase: 'a GGUF model', endings: ['gguf'] },
  tflite: { name: 'TensorFlow Lite', phrase: 'a TensorFlow Lite model', endings: ['tflite'] },
  tfjs: { name: 'TensorFlow.js', phrase: 'a TensorFlow.js model', endings: ['model.json'] },
  pytorch: { name: 'PyTorch', phrase: 'a PyTorch file', endings: ['pt', 'pth'] },
  numpy: { name: 'NumPy', phrase: 'a file of NumPy arrays', endings: ['npz', 'npy'] },
} as const;

export type FormatId = keyof typeof table;

export interface FormatName {
  /** In a sentence about the format: `ONNX`. */
  readonly name: string;
  /** In a sentence about a file: `an ONNX model`. */
  readonly phrase: string;
  /** In lower case, without the dot; the first is given to restored files. */
  readonly endings: readonly [string, ...string[]];
}

export const formatNames: Readonly<Record<FormatId, FormatName>> = table;

/** In the order in which they are listed to people. */
export const formatIds = Object.keys(table) as readonly FormatId[];

/** Whether a name in lower case has an ending; `model.json` is also a whole name. */
export function endsIn(name: string, ending: string): boolean {
  return (
    name.endsWith(`.${ending}`) || (ending.includes('.') && /[^/\\]*$/.exec(name)?.[0] === ending)
  );
}

/** Endings of all formats, in lower case, without the dot. */
export const modelEndings: readonly string[] = formatIds.flatMap((id) => formatNames[id].endings);
