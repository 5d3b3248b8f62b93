/**
 * codebook: a weight of at most 256 different values, as compression by sharing leaves it, becomes these
 * values and a code of 8 bits for each weight; Gather makes the weight again, exactly, in any runtime.
 */
import {
  bytesOf,
  storeWeights,
  type ExportContext,
  type ExportedLayer,
  type Stored,
} from './weights.ts';

const mostValues = 256;
const int32 = 6;

export function toCodebook(context: ExportContext): ExportedLayer[] {
  return storeWeights(context, ({ shape }, values) => codebook(shape, values));
}

function codebook(shape: readonly number[], values: Float32Array<ArrayBuffer>): Stored | string {
  // by their bits: -0 is not 0
  const bits = new Uint32Array(values.buffer);
  const codeOf = new Map<number, number>();
  const codes = new Uint8Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    let code = codeOf.get(bits[i]);
    if (code === undefined) {
      code = codeOf.size;
      if (code === mostValues)
        return `it has more than ${mostValues} different values: compress it first`;
      codeOf.set(bits[i], code);
    }
    codes[i] = code;
  }
  if (codes.length + 4 * codeOf.size >= 4 * codes.length)
    return 'codes and values together would be no smaller';
  const shared = Uint32Array.from(codeOf.keys());
  return {
    done: `${shared.length} shared values, exact`,
    tensors: {
      codes: { dtype: 'uint8', shape, data: codes },
      values: { dtype: 'float32', shape: [shared.length], data: bytesOf(shared) },
    },
    nodes: ({ codes: from, values: table }, output, fresh) => {
      const index = fresh('index');
      const attributes = { to: { int: int32 } };
      return [
        { opType: 'Cast', inputs: [from], outputs: [index], attributes },
        { opType: 'Gather', inputs: [table, index], outputs: [output] },
      ];
    },
  };
}
