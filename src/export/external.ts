/**
 * external: the graph in one file and weights in another. Runtimes read such a file without parsing it, and
 * a graph that is small can be fetched first. Tensors of a kilobyte and more move, byte for byte
 * (`size_threshold` of the onnx package); Constant nodes of the main graph become initializers, which alone
 * can lie outside. Source: onnx/docs/ExternalData.md.
 */
import type { Tensor } from '../model/model.ts';
import { readBytes } from '../model/bytes.ts';
import type { NewTensor } from '../model/onnx/edit-parts.ts';
import type { TensorEdit } from '../model/onnx/edit-tensor.ts';
import { placeOf, removeWeight, type ExportContext, type ExportedLayer } from './weights.ts';

const leastBytes = 1024;

export function toExternal(context: ExportContext): ExportedLayer[] {
  const initializers = new Map(
    context.editor.graph.initializers.map((tensor) => [tensor.name, tensor]),
  );
  return context.model.tensors.map((tensor): ExportedLayer => {
    const { name, shape, parameters } = tensor;
    const why = move(tensor, initializers, context);
    const done = why === '' ? `external, ${tensor.bytes} bytes` : '';
    return { name, shape, parameters, done, why };
  });
}

/** Says why a tensor was left alone; '': it is outside. */
function move(
  tensor: Tensor,
  initializers: ReadonlyMap<string, TensorEdit>,
  { editor, data }: ExportContext,
): string {
  const { name, dtype, shape } = tensor;
  if (tensor.bytes < leastBytes) return `it has fewer than ${leastBytes} bytes`;
  if (tensor.storage !== 'raw_data') return 'its values do not lie in raw_data';
  if (tensor.sparse) return 'it is sparse';
  if (!/^graph\.(initializer|node)\[\d+\](\.attribute\[value\]\.t)?$/.test(tensor.path))
    return 'it does not lie in the main graph';
  const place = placeOf(editor, tensor);
  if (typeof place === 'string') return place;
  const { graph, constant } = place;
  const held = constant ? constant.tensor('value') : initializers.get(name);
  const range = held?.raw;
  if (!held || !range) return 'its values do not lie in raw_data';
  const entries = data.add(range);
  if (!constant) {
    held.moveOut(entries);
    return '';
  }
  const [value] = constant.outputs;
  const bytes = readBytes(range.source, range.start, range.end - range.start);
  removeWeight(place, name);
  graph.setInitializer(value, { dtype: dtype as NewTensor['dtype'], shape, data: bytes });
  graph.initializer(value)?.moveOut(entries);
  return '';
}
