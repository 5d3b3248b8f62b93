/**
 * Import of a network compressed and published by the authors of Deep Compression: weights in their
 * `.net` format, the graph in a Caffe prototxt, out comes a runnable ONNX model with the dense,
 * shared weights. Input pixels are as in Caffe: BGR, mean subtracted, not scaled.
 */
import type { ByteSource } from '../bytes.ts';
import { DeepCompressionError } from '../errors.ts';
import { isStored, readHanFile } from './han-file.ts';
import { readNetwork } from './network.ts';
import { parsePrototxt } from './prototxt.ts';
import { quoted } from './prototxt-tokens.ts';
import { toOnnx } from './to-onnx.ts';

export interface ImportedLayer {
  readonly name: string;
  /** Shape of the weights: (out, in / group, height, width) or (out, in). */
  readonly shape: readonly number[];
  /** Entries stored in the file, filler zeros included. */
  readonly entries: number;
  readonly nonzeros: number;
}

export interface ImportedHan {
  readonly onnx: Uint8Array<ArrayBuffer>;
  readonly layers: readonly ImportedLayer[];
}

/**
 * @throws DeepCompressionError `invalid-model` (malformed, or not belonging together) or
 * `unsupported` (a layer type without counterpart here), one line.
 */
export function importHan(weights: ByteSource, prototxt: string): ImportedHan {
  const network = readNetwork(parsePrototxt(prototxt));
  const stored = network.layers.flatMap(({ name, weights: shape }) =>
    shape ? [{ name, shape }] : [],
  );
  const nameless = stored.find(({ name }) => !isStored(name));
  if (nameless)
    throw new DeepCompressionError(
      'unsupported',
      `prototxt: layer ${quoted(nameless.name)} has weights, but the weights format holds only layers with conv, fc or ip in their name`,
    );
  if (stored.length === 0)
    throw new DeepCompressionError(
      'invalid-model',
      'prototxt: no layer of the network has weights',
    );
  const decoded = readHanFile(weights, stored);
  return {
    onnx: toOnnx(network, new Map(decoded.map((layer) => [layer.name, layer]))),
    layers: decoded.map(({ name, shape, entries, nonzeros }) => ({
      name,
      shape,
      entries,
      nonzeros,
    })),
  };
}
