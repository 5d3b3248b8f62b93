/**
 * What the arithmetic coder of a grid's levels spends: the bits of each decision, -log2 of the
 * probability it was coded with, by what it decides (zero, sign, magnitude) and by the bit length of
 * the level (docs/dcz-coding.md, section 5). The model is the decoder's own, run over the decoded levels.
 * Limit: of a layer of more than 8 blocks, 8 that lie evenly in it are counted.
 */
import type { BinaryCoder } from '../compress/code/binary-coder.ts';
import { LevelModel } from '../compress/code/level-model.ts';
import { weightsOfBlock } from '../compress/code/encode-block.ts';
import { blockWeights } from '../compress/coded.ts';
import { largestOf, levelOf } from '../compress/share/grid.ts';
import type { CodedLayer } from './coded-layer.ts';
import type { Pace } from './pace.ts';
import type { SpendingView } from './types.ts';

const mostBlocks = 8;
/** Levels between two looks at the clock. */
const slice = 4096;

/** Takes decisions as they are and adds up what they cost: of a level first zero, then sign, then magnitude. */
class Meter implements BinaryCoder {
  zero = 0;
  sign = 0;
  magnitude = 0;
  #decision = 0;

  code(bit: number, p: number): number {
    const cost = -Math.log2((bit === 0 ? 65536 - p : p) / 65536);
    const decision = this.#decision++;
    if (decision === 0) this.zero += cost;
    else if (decision === 1) this.sign += cost;
    else this.magnitude += cost;
    return bit;
  }

  begin(): void {
    this.zero = this.sign = this.magnitude = this.#decision = 0;
  }
}

export async function spendingView(layer: CodedLayer, pace: Pace): Promise<SpendingView> {
  const { coded } = layer;
  const { rowLength, kernelLength } = coded;
  const largest = largestOf(coded.codebook);
  const classes = 33 - Math.clz32(largest);
  const counts = new Float64Array(classes);
  const zero = new Float64Array(classes);
  const sign = new Float64Array(classes);
  const magnitude = new Float64Array(classes);
  const looked = Math.min(layer.blocks, mostBlocks);
  const meter = new Meter();
  let weights = 0;
  let bytes = 0;
  for (let b = 0; b < looked; b++) {
    const block = Math.floor(((b + 0.5) * layer.blocks) / looked);
    const n = weightsOfBlock(coded.weights, block);
    const codes = layer.codes(block);
    weights += n;
    bytes += coded.blocks[block].values.length;
    if (largest === 0) {
      counts[0] += n;
      continue;
    }
    const start = block * blockWeights;
    const model = new LevelModel(largest, rowLength, kernelLength, start, n);
    for (let i = 0; i < n; i++) {
      if (i % slice === 0 && pace.due) await pace.rest();
      const level = levelOf(codes[i], largest);
      const length = 32 - Math.clz32(Math.abs(level));
      meter.begin();
      model.code(meter, level);
      counts[length]++;
      zero[length] += meter.zero;
      sign[length] += meter.sign;
      magnitude[length] += meter.magnitude;
    }
    pace.onFraction((b + 1) / looked);
  }
  return { weights, of: coded.weights, bytes, counts, zero, sign, magnitude };
}
