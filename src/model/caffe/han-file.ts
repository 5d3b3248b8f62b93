/**
 * The weights format published with Deep Compression (github.com/songhan/SqueezeNet-Deep-Compression,
 * read by its decode.py): little-endian, no names, no shapes; those come from the prototxt.
 *   uint32 x layers: stored entries of each layer, fillers included
 *   per layer: float32 codebook[2^bits], float32 bias[out], codes, gaps
 * `bits` is 8 where the layer's name contains "conv", else 4; 4-bit values lie two a byte, low half
 * first; gaps are 4-bit. A layer has weights here when its name contains conv, fc or ip.
 * Every size follows from the entry counts, so the whole file is checked before anything is decoded.
 */
import type { ByteSource } from '../bytes.ts';
import { readBytes } from '../bytes.ts';
import { DeepCompressionError } from '../errors.ts';
import { quoted } from './prototxt-tokens.ts';

export interface HanLayer {
  readonly name: string;
  /** (out, in / group, kernel height, kernel width) or (out, in). */
  readonly shape: readonly number[];
}

export interface DecodedLayer {
  readonly name: string;
  readonly shape: readonly number[];
  /** Where the layer's codebook begins in the file. */
  readonly byteOffset: number;
  /** Stored entries, fillers included. */
  readonly entries: number;
  /** Weights that are not zero after decoding. */
  readonly nonzeros: number;
  /** Little-endian float32, row-major, `shape` elements. */
  readonly weights: Uint8Array<ArrayBuffer>;
  /** Little-endian float32, one an output. */
  readonly bias: Uint8Array<ArrayBuffer>;
}

const gapBits = 4;

/** Whether decode.py would give this layer weights. */
export function isStored(name: string): boolean {
  return name.includes('conv') || name.includes('fc') || name.includes('ip');
}

const codeBits = (name: string): number => (name.includes('conv') ? 8 : 4);

interface Plan {
  readonly layer: HanLayer;
  readonly bits: number;
  readonly entries: number;
  readonly elements: number;
  readonly offset: number;
  readonly end: number;
}

/**
 * Decodes every layer.
 * @throws DeepCompressionError `invalid-model` when the file is not exactly what the layers ask for.
 */
export function readHanFile(source: ByteSource, layers: readonly HanLayer[]): DecodedLayer[] {
  return planLayers(source, layers).map((plan) => decodeLayer(source, plan));
}

function invalid(source: ByteSource, what: string): DeepCompressionError {
  return new DeepCompressionError('invalid-model', `${source.name}: ${what}`);
}

function planLayers(source: ByteSource, layers: readonly HanLayer[]): Plan[] {
  const header = 4 * layers.length;
  if (source.size < header)
    throw invalid(source, `ends within the entry counts of the prototxt's ${layers.length} layers`);
  const counts = new DataView(readBytes(source, 0, header).buffer);
  // weights that a file of this size can sensibly stand for; a shape alone may not claim memory
  const mostElements = 2 ** 24 + 256 * source.size;
  let total = 0;
  let offset = header;
  const plans = layers.map((layer, i): Plan => {
    const bits = codeBits(layer.name);
    const entries = counts.getUint32(4 * i, true);
    const elements = layer.shape.reduce((product, dim) => product * dim, 1);
    total += elements;
    if (entries > elements)
      throw invalid(
        source,
        `layer ${quoted(layer.name)} has ${entries} entries for ${elements} weights (is it the prototxt of these weights?)`,
      );
    if (total > mostElements)
      throw invalid(source, `is too small for the ${total} weights that the prototxt asks for`);
    const end =
      offset +
      4 * 2 ** bits +
      4 * layer.shape[0]! +
      Math.ceil((entries * bits) / 8) +
      Math.ceil((entries * gapBits) / 8);
    const plan = { layer, bits, entries, elements, offset, end };
    offset = end;
    return plan;
  });
  const short = plans.find((plan) => plan.end > source.size);
  if (short)
    throw invalid(
      source,
      `ends within layer ${quoted(short.layer.name)} (truncated, or not its prototxt)`,
    );
  if (offset !== source.size)
    throw invalid(source, `has ${source.size - offset} bytes more than the prototxt's layers take`);
  return plans;
}

function decodeLayer(source: ByteSource, plan: Plan): DecodedLayer {
  const { layer, bits, entries, elements, offset, end } = plan;
  const bytes = readBytes(source, offset, end - offset);
  const view = new DataView(bytes.buffer);
  const codebookBytes = 4 * 2 ** bits;
  const biasEnd = codebookBytes + 4 * layer.shape[0]!;
  for (let at = 0; at < biasEnd; at += 4)
    if (!Number.isFinite(view.getFloat32(at, true)))
      throw invalid(source, `layer ${quoted(layer.name)} has a value that is not a number`);
  const isZero = new Uint8Array(2 ** bits);
  for (let code = 0; code < isZero.length; code++)
    isZero[code] = view.getFloat32(4 * code, true) === 0 ? 1 : 0;

  const weights = new Uint8Array(4 * elements);
  const codes = bytes.subarray(biasEnd, biasEnd + Math.ceil((entries * bits) / 8));
  const gaps = bytes.subarray(biasEnd + codes.length);
  let nonzeros = 0;
  let position = -1;
  for (let i = 0; i < entries; i++) {
    position += 1 + ((gaps[i >> 1]! >> (4 * (i & 1))) & 15);
    if (position >= elements)
      throw invalid(source, `layer ${quoted(layer.name)} places a weight behind its last one`);
    const code = bits === 8 ? codes[i]! : (codes[i >> 1]! >> (4 * (i & 1))) & 15;
    nonzeros += 1 - isZero[code]!;
    for (let b = 0; b < 4; b++) weights[4 * position + b] = bytes[4 * code + b]!;
  }
  return {
    name: layer.name,
    shape: layer.shape,
    byteOffset: offset,
    entries,
    nonzeros,
    weights,
    bias: bytes.slice(codebookBytes, biasEnd),
  };
}
