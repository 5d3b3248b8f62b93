/** The layout of a model in which some tensors are holes, and others have new values. */
import type { Model, Segment } from '../../model/model.ts';

/** `values`: by tensor id, of float32 tensors that are not among `holes`. */
export function layoutWith(
  model: Model,
  holes: ReadonlySet<number>,
  values: ReadonlyMap<number, Float32Array>,
): Segment[][] {
  const layout = model.writer.layout(new Set([...holes, ...values.keys()]));
  return layout.map((segments) =>
    segments.map((segment) => {
      const plain = segment.kind === 'hole' ? values.get(segment.tensor) : undefined;
      return plain ? { kind: 'literal', bytes: bytesOf(plain), elements: 'float32' } : segment;
    }),
  );
}

function bytesOf(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return bytes;
}
