/** Every export by name: what it makes of a model, and what that is good for. */
import { toCodebook } from './codebook.ts';
import { toFp16 } from './fp16.ts';
import { toInt4 } from './int4.ts';
import { toInt8 } from './int8.ts';
import type { ExportContext, ExportedLayer } from './weights.ts';

export interface ExportFormat {
  /** One line for lists. */
  readonly summary: string;
  /** Changes the model in the context's editor. */
  readonly apply: (context: ExportContext) => ExportedLayer[];
}

export const exportFormats = {
  fp16: { summary: 'weights as float16: half the size', apply: toFp16 },
  int8: { summary: 'weights as int8, a scale a channel: a quarter of the size', apply: toInt8 },
  int4: {
    summary: 'matrices as int4, a scale for 32 values: an eighth of their size',
    apply: toInt4,
  },
  codebook: {
    summary:
      'weights of at most 256 different values as codes of 8 bits: exact, a quarter of the size',
    apply: toCodebook,
  },
} as const satisfies Readonly<Record<string, ExportFormat>>;

export type ExportName = keyof typeof exportFormats;
