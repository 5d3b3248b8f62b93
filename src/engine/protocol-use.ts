/** What the job use takes and gives: how a model is loaded in other programs. */
import type { FileInput } from './protocol-model.ts';

export interface UseInput {
  readonly file: FileInput;
  /** Of the made-up inputs that are tried. */
  readonly seed: number;
}

export interface UsedValue {
  readonly name: string;
  /** ONNX Runtime's name of the type: float32, int64, …; '' for what is no tensor of numbers. */
  readonly type: string;
  /** Numbers, and names of open dimensions ('' for one without); undefined where the model does not say. */
  readonly shape: readonly (number | string)[] | undefined;
}

export interface UsedInput extends UsedValue {
  /** Dimensions that the snippets use. */
  readonly dims: readonly number[];
}

export const programs = [
  'onnxruntime-web',
  'onnxruntime-node',
  'transformers.js',
  'Python',
] as const;
export type Program = (typeof programs)[number];

export interface Snippet {
  readonly program: Program;
  readonly language: 'javascript' | 'python';
  readonly code: string;
}

export interface UseResult {
  readonly input: { readonly path: string; readonly bytes: number };
  readonly inputs: readonly UsedInput[];
  readonly outputs: readonly UsedValue[];
  readonly snippets: readonly Snippet[];
  readonly notes: readonly string[];
}
