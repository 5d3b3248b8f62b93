/** import: Song Han's published Deep Compression file and its Caffe prototxt, as an ONNX model. */
import { host } from '#host';
import { importHan, type ImportedHan } from '../../model/caffe/import.ts';
import { headOf, readBytes, type ByteSource } from '../../model/bytes.ts';
import { DeepCompressionError, throwIfCancelled } from '../../model/errors.ts';
import { caffe, insteadOf } from '../../model/recognise.ts';
import { openSource, pathsOf, sharedInput } from '../input.ts';
import { onnxKind } from '../output-kinds.ts';
import type { ImportInput, ImportResult } from '../protocol-model.ts';
import { filledText, flag } from '../shape.ts';
import { defineJob } from './define.ts';
import { fileInput } from './inputs.ts';
import { monotone } from './progress.ts';

/** A prototxt is text of some kilobytes; what is larger than this is something else. */
const prototxtLimit = 16 << 20;

export const importJob = defineJob<ImportInput, ImportResult>({
  input: { weights: fileInput, prototxt: fileInput, out: filledText, overwrite: flag },
  run: async (input, { signal, onProgress }) => {
    const progress = monotone(onProgress);
    const weights = openSource(sharedInput(input.weights));
    try {
      const prototxt = openSource(sharedInput(input.prototxt));
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
      progress({ stage: 'read', layer: '', fraction: 0.1 });
      await host.turn();
      throwIfCancelled(signal);
      const { onnx, layers } = imported(weights, text, { name: prototxt.name, head });
      progress({ stage: 'write', layer: '', fraction: 0.8 });
      host.files.checkSpace(input.out, onnx.length, `the model of ${weights.name}`);
      const bytes = await host.files.write(
        input.out,
        {
          kind: onnxKind,
          overwrite: input.overwrite,
          inputs: [...pathsOf(input.weights), ...pathsOf(input.prototxt)],
        },
        async (sink) => {
          await host.turn();
          throwIfCancelled(signal);
          sink.write(onnx);
        },
      );
      progress({ stage: 'write', layer: '', fraction: 1 });
      return {
        output: { path: input.out, bytes },
        layers: layers.map(({ name, shape, entries, nonzeros }) => ({
          name,
          shape,
          entries,
          nonzeros,
        })),
      };
    } finally {
      weights.close();
    }
  },
});

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
