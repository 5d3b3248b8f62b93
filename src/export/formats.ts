/** Every export by name: what it makes of a model, and what that is good for. */
import type { Model } from '../model/model.ts';
import { toCodebook } from './codebook.ts';
import { toExternal } from './external.ts';
import { toFp16 } from './fp16.ts';
import { toInt4 } from './int4.ts';
import { toInt8 } from './int8.ts';
import { rangesWanted, toInt8Qdq } from './int8-qdq.ts';
import { toMatMulNBits } from './matmul-nbits.ts';
import type { ExportContext, ExportedLayer } from './weights.ts';

export interface ExportFormat {
  /** One line for lists. */
  readonly summary: string;
  /** Changes the model in the context's editor. */
  readonly apply: (context: ExportContext) => ExportedLayer[];
  /** The operator set that its nodes need; an older model is raised to it first. */
  readonly leastOpset?: number;
  /** Values whose ranges on samples it needs. */
  readonly ranges?: (model: Model) => string[];
}

export const exportFormats = {
  fp16: { summary: 'weights as float16: half the size', apply: toFp16 },
  int8: { summary: 'weights as int8, a scale a channel: a quarter of the size', apply: toInt8 },
  'int8-qdq': {
    summary: 'layers computed in int8, by ranges from --data: a quarter of the size, faster',
    apply: toInt8Qdq,
    leastOpset: 13,
    ranges: rangesWanted,
  },
  int4: {
    summary: 'weights as int4, a scale for 32 values: an eighth of their size',
    apply: toInt4,
    leastOpset: 21,
  },
  'matmul-nbits': {
    summary: 'matrices as int4 for MatMulNBits, which ONNX Runtime alone has',
    apply: toMatMulNBits,
  },
  codebook: {
    summary:
      'weights of at most 256 different values as codes of 8 bits: exact, a quarter of the size',
    apply: toCodebook,
  },
  external: { summary: 'graph and weights in two files, bit for bit', apply: toExternal },
} as const satisfies Readonly<Record<string, ExportFormat>>;

export type ExportName = keyof typeof exportFormats;
