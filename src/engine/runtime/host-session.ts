/** An ONNX Runtime session, web or native, as the train room knows sessions. */
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import type { Feeds, HostTensor, Session, TensorData } from '../../train/runtime.ts';

/** @param makeTensor the same library's tensor constructor */
export function hostSession(
  session: Pick<InferenceSession, 'run' | 'release'>,
  makeTensor: (
    type: 'float32',
    data: Float32Array,
    dims: readonly number[],
    name: string,
  ) => Tensor,
): Session {
  return {
    async run(feeds: Feeds, into = {}) {
      const inputs = Object.fromEntries(
        Object.entries(feeds).map(([name, { type, data, dims }]) => [
          name,
          makeTensor(type as 'float32', data as Float32Array, dims, name),
        ]),
      );
      const outputs = await session.run(inputs);
      return Object.fromEntries(
        Object.entries(outputs).map(([name, { type, dims, data }]): [string, HostTensor] => {
          const place = into[name];
          place?.set(data as Float32Array);
          return [name, { type, dims, data: place ?? (data as TensorData) }];
        }),
      );
    },
    close: () => session.release(),
  };
}
