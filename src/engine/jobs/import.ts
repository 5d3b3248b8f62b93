/**
 * import: a TensorFlow.js layers model, or Song Han's published Deep Compression file with its Caffe prototxt,
 * as an ONNX model.
 */
import { host } from '#host';
import { importHan, type ImportedHan } from '../../model/caffe/import.ts';
import { headOf, readBytes, type ByteSource } from '../../model/bytes.ts';
import { DeepCompressionError, throwIfCancelled } from '../../model/errors.ts';
import { formatNames } from '../../model/format-names.ts';
import { caffe, insteadOf } from '../../model/recognise.ts';
import { importTfjs } from '../../model/tfjs/import.ts';
import { openInput, openSource, pathsOf, sharedInput } from '../input.ts';
import { onnxKind } from '../output-kinds.ts';
import type { FileInput, ImportInput, ImportResult } from '../protocol-model.ts';
import { filledText, flag, optional } from '../shape.ts';
import { defineJob } from './define.ts';
import { fileInput } from './inputs.ts';
import { monotone } from './progress.ts';

/** A prototxt is text of some kilobytes; what is larger than this is something else. */
const prototxtLimit = 16 << 20;

interface Imported {
  readonly onnx: Uint8Array;
  readonly layers: ImportResult['layers'];
  /** Every file that was read. */
  readonly files: readonly string[];
}

export const importJob = defineJob<ImportInput, ImportResult>({
  input: { weights: fileInput, prototxt: optional(fileInput), out: filledText, overwrite: flag },
  run: async (input, { signal, onProgress }) => {
    const progress = monotone(onProgress);
    progress({ stage: 'read', layer: '', fraction: 0.1 });
    await host.turn();
    throwIfCancelled(signal);
    const { weights, prototxt } = input;
    const { onnx, layers, files } = prototxt ? fromCaffe(weights, prototxt) : fromTfjs(weights);
    progress({ stage: 'write', layer: '', fraction: 0.8 });
    host.files.checkSpace(input.out, onnx.length, `the model of ${files[0] ?? ''}`);
    const bytes = await host.files.write(
      input.out,
      { kind: onnxKind, overwrite: input.overwrite, inputs: files },
      async (sink) => {
        await host.turn();
        throwIfCancelled(signal);
        sink.write(onnx);
      },
    );
    progress({ stage: 'write', layer: '', fraction: 1 });
    return { output: { path: input.out, bytes }, layers };
  },
});

function fromTfjs(file: FileInput): Imported {
  const { model, files, close } = openInput(sharedInput(file));
  try {
    if (model.format !== 'tfjs')
      throw new DeepCompressionError(
        'unsupported',
        `${model.path}: this is ${formatNames[model.format].phrase}; imported are TensorFlow.js layers models and, with a prototxt, weights of Deep Compression`,
      );
    const onnx = importTfjs(model);
    const layers = model.tensors
      .filter(({ role }) => role === 'weight')
      .map((tensor) => {
        const values = new Float32Array(tensor.parameters);
        model.reader.readValues(tensor, 0, values);
        const nonzeros = values.reduce((n, value) => (value === 0 ? n : n + 1), 0);
        const { name, shape, parameters } = tensor;
        return { name, shape, entries: parameters, nonzeros };
      });
    return { onnx, layers, files };
  } finally {
    close();
  }
}

function fromCaffe(file: FileInput, network: FileInput): Imported {
  const weights = openSource(sharedInput(file));
  try {
    const prototxt = openSource(sharedInput(network));
    let text: string;
    let head: Uint8Array;
    try {
      if (prototxt.size > prototxtLimit)
        throw new DeepCompressionError(
          'invalid-input',
          `${prototxt.name}: too large for a prototxt (${prototxt.size} bytes)`,
        );
      head = headOf(prototxt);
      text = new TextDecoder().decode(readBytes(prototxt, 0, prototxt.size));
    } finally {
      prototxt.close();
    }
    const { onnx, layers } = imported(weights, text, { name: prototxt.name, head });
    return { onnx, layers, files: [...pathsOf(file), ...pathsOf(network)] };
  } finally {
    weights.close();
  }
}

function imported(
  weights: ByteSource,
  text: string,
  prototxt: { readonly name: string; readonly head: Uint8Array },
): ImportedHan {
  try {
    return importHan(weights, text);
  } catch (error) {
    const told = insteadOf(error, prototxt.name, 'a prototxt', prototxt.head, caffe);
    throw insteadOf(told, weights.name, 'weights of Deep Compression', headOf(weights));
  }
}
