import ort from 'onnxruntime-node';

export async function session(bytes) {
  return ort.InferenceSession.create(bytes, {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
}
export const tensor = (data, dims, type = 'float32') => new ort.Tensor(type, data, dims);

/** First output for a first input. */
export async function run(s, data, dims) {
  const result = await s.run({ [s.inputNames[0]]: tensor(data, dims) });
  return result[s.outputNames[0]];
}
