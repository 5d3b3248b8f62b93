/** What Deep Compression (Han et al. 2016) states of its two MNIST networks: Tables 1, 2 and 3. */

export interface PaperLayer {
  readonly name: string;
  /** Shares of the layer, 0..1. */
  readonly kept: number;
  readonly bits: number;
  readonly huffmanBits: number;
  readonly indexBits: number;
  readonly huffmanIndexBits: number;
  /** P+Q and P+Q+H, of 32-bit weights. */
  readonly quantized: number;
  readonly coded: number;
}

export interface PaperNetwork {
  readonly referenceError: number;
  readonly compressedError: number;
  readonly ratio: number;
  readonly layers: readonly PaperLayer[];
}

function layer(name: string, ...n: readonly number[]): PaperLayer {
  const [kept, bits, huffmanBits, indexBits, huffmanIndexBits, quantized, coded] = n as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    name,
    kept: kept / 100,
    bits,
    huffmanBits,
    indexBits,
    huffmanIndexBits,
    quantized: quantized / 100,
    coded: coded / 100,
  };
}

export const paper = {
  'lenet-300-100': {
    referenceError: 0.0164,
    compressedError: 0.0158,
    ratio: 40,
    layers: [
      layer('ip1', 8, 6, 4.4, 5, 3.7, 3.1, 2.32),
      layer('ip2', 9, 6, 4.4, 5, 4.3, 3.8, 3.04),
      layer('ip3', 26, 6, 4.3, 5, 3.2, 15.7, 12.7),
    ],
  },
  'lenet-5': {
    referenceError: 0.008,
    compressedError: 0.0074,
    ratio: 39,
    layers: [
      layer('conv1', 66, 8, 7.2, 5, 1.5, 78.5, 67.45),
      layer('conv2', 12, 8, 7.2, 5, 3.9, 6, 5.28),
      layer('ip1', 8, 5, 4.5, 5, 4.5, 2.7, 2.45),
      layer('ip2', 19, 5, 5.2, 5, 3.7, 6.9, 6.13),
    ],
  },
} as const satisfies Record<string, PaperNetwork>;

export type NetworkName = keyof typeof paper;
