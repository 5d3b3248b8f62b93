/** Writes the published weights format, for tests: the encoder that was never published. */
export interface DenseLayer {
  readonly name: string;
  /** Dense codes, 0 = pruned. */
  readonly codes: Uint8Array;
  /** Value of each code; [0] is 0. 256 long for conv layers, 16 for others. */
  readonly codebook: Float32Array;
  readonly bias: Float32Array;
}

export function makeNet(layers: readonly DenseLayer[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const counts = new Uint32Array(layers.length);
  layers.forEach((layer, l) => {
    const codes: number[] = [];
    const gaps: number[] = [];
    let zeros = 0;
    for (const code of layer.codes) {
      if (code === 0 && zeros < 15) {
        zeros++;
        continue;
      }
      codes.push(code);
      gaps.push(zeros);
      zeros = 0;
    }
    counts[l] = codes.length;
    parts.push(bytesOf(layer.codebook), bytesOf(layer.bias));
    parts.push(layer.name.includes('conv') ? Uint8Array.from(codes) : nibbles(codes));
    parts.push(nibbles(gaps));
  });
  const all = [bytesOf(counts), ...parts];
  const net = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of all) {
    net.set(part, at);
    at += part.length;
  }
  return net;
}

/** The dense weights a layer stands for. */
export const denseWeights = (layer: DenseLayer): Float32Array =>
  Float32Array.from(layer.codes, (code) => layer.codebook[code]!);

/** A random layer: about a third of the weights kept. */
export function randomLayer(
  name: string,
  weights: number,
  outputs: number,
  random: () => number,
): DenseLayer {
  const size = name.includes('conv') ? 256 : 16;
  return {
    name,
    codes: Uint8Array.from({ length: weights }, () =>
      random() < 0.35 ? 1 + Math.floor(random() * (size - 1)) : 0,
    ),
    codebook: Float32Array.from({ length: size }, (_, i) => (i === 0 ? 0 : random() - 0.5)),
    bias: Float32Array.from({ length: outputs }, () => random() - 0.5),
  };
}

function nibbles(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(values.length / 2));
  values.forEach((value, i) => (bytes[i >> 1]! |= value << (4 * (i & 1))));
  return bytes;
}

const bytesOf = (array: Float32Array | Uint32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
