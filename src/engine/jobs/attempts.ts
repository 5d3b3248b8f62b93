/**
 * attempts: which .dcz files were made of one model, by what they state, side by side. Reads no weights.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import { restoredBytes } from '../claim.ts';
import { openInput, sharedInput } from '../input.ts';
import type { Attempt, AttemptsInput, AttemptsResult } from '../protocol-fidelity.ts';
import type { FileInput } from '../protocol-model.ts';
import { listOf } from '../shape.ts';
import { statedBy } from '../statement.ts';
import { defineJob } from './define.ts';
import { fileInput } from './inputs.ts';

export const attemptsJob = defineJob<AttemptsInput, AttemptsResult>({
  input: { file: fileInput, others: listOf(fileInput) },
  run: ({ file, others }) => {
    const own = attemptIn(file);
    if (!own) return Promise.resolve({ attempts: [] });
    const same = others
      .map(readable)
      .filter((other) => other?.stated.model.sha256 === own.stated.model.sha256)
      .filter((other) => other !== undefined);
    return Promise.resolve({ attempts: [own, ...same].sort((a, b) => a.bytes - b.bytes) });
  },
});

/** undefined for a file that states nothing. @throws DeepCompressionError when it is no .dcz */
function attemptIn(file: FileInput): Attempt | undefined {
  const { dcz, source, path, close } = openInput(sharedInput(file));
  try {
    if (!dcz) throw new DeepCompressionError('invalid-input', `${path}: not a .dcz file`);
    const stated = statedBy(dcz.statement);
    const { name } = dcz.recipe as { readonly name?: unknown };
    return (
      stated && {
        ...{ path, bytes: source.size, ratio: restoredBytes(dcz) / source.size, stated },
        recipe: typeof name === 'string' ? name : '',
      }
    );
  } finally {
    close();
  }
}

/** A file beside it that cannot be read is no attempt. */
function readable(file: FileInput): Attempt | undefined {
  try {
    return attemptIn(file);
  } catch (error) {
    if (error instanceof DeepCompressionError) return undefined;
    throw error;
  }
}
