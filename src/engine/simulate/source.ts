/** Where the layers of a simulation come from: in words, and what goes together. */
import { DeepCompressionError } from '../../model/errors.ts';
import { labelOf } from '../input.ts';
import type { SimulateLayers, SimulateSource } from '../protocol-simulate.ts';

/** The source as a user writes it. */
export function sourceLabel(source: SimulateSource): string {
  if (source.kind === 'workload') return `workload:${source.name}`;
  const label = labelOf(source.file);
  return source.kind === 'cases' ? `cases:${label}` : label;
}

/** Checks what does not depend on the source, before anything is read. */
export function checkLayerOptions(input: SimulateLayers): void {
  const { density, source } = input;
  const fail = (line: string): never => {
    throw new DeepCompressionError('invalid-input', line);
  };
  if (density !== undefined && !(density >= 0 && density <= 1))
    fail(`density must be a number from 0 to 1, not ${String(density)}`);
  if (source.kind === 'cases' && density !== undefined)
    fail('a case has its own activations: it takes no density');
  if (source.kind !== 'model' && input.input !== undefined)
    fail(`a sample input is for models, not for ${sourceLabel(source)}`);
  if (density !== undefined && input.input !== undefined)
    fail('a sample input and a density exclude each other');
}
