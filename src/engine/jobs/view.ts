/** openView, view, closeView: models that are open for the inspector, and its questions (questions/). */
import type {
  CloseViewInput,
  OpenViewInput,
  OpenViewResult,
  ViewInput,
  ViewResult,
} from '../protocol-view.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { answer } from '../questions/all.ts';
import { anyRecord, integerFrom, optional, text } from '../shape.ts';
import { defineJob } from './define.ts';
import { fileInput } from './inputs.ts';

export const openViewJob = defineJob<OpenViewInput, OpenViewResult>({
  input: { file: fileInput },
  run: async ({ file }, { room }) => {
    const { view, stamp, model } = room.open(file);
    return { view, stamp, overview: model.overview() };
  },
});

export const closeViewJob = defineJob<CloseViewInput, Readonly<Record<string, never>>>({
  input: { view: integerFrom(1) },
  run: async ({ view }, { room }) => {
    room.close(view);
    return {};
  },
});

export const viewJob = defineJob<ViewInput, ViewResult>({
  // the question checks its own query
  input: { view: integerFrom(1), other: optional(integerFrom(1)), name: text, query: anyRecord },
  run: async ({ view, other, name, query }, { room, signal, onProgress }) => {
    const model = room.model(view);
    const second = other === undefined ? undefined : room.model(other);
    return answer(name, query, {
      model,
      other: () => {
        if (second) return second;
        throw new DeepCompressionError('invalid-input', 'view: a second model is needed for this');
      },
      asking: (layer, from = 0, to = 1) => ({
        signal,
        onFraction: (f) =>
          onProgress({
            stage: name,
            layer: (layer !== undefined && model.source.model.tensors.at(layer)?.name) || '',
            fraction: from + (to - from) * Math.min(1, f),
          }),
      }),
    });
  },
});
