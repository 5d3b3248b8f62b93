/** filesToRestore, modelFiles: which files a decompression would write, and which a model is read from. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Dcz } from '../../container/read.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { checkRestorable } from '../../model/location.ts';
import { filesOf, openInput, sharedInput, type Opened } from '../input.ts';
import type {
  FileInput,
  FilesToRestore,
  FilesToRestoreInput,
  ModelFiles,
} from '../protocol-model.ts';
import { filledText } from '../shape.ts';
import { defineJob } from './define.ts';
import { fileInput } from './inputs.ts';

export const filesToRestoreJob = defineJob<FilesToRestoreInput, FilesToRestore>({
  input: { file: fileInput, out: filledText },
  run: async ({ file, out }) => {
    const opened = openInput(sharedInput(file));
    try {
      const files = containerOf(opened).files.map(({ location, size }, i) => {
        const path = i === 0 ? out : join(dirname(out), checkRestorable(location));
        return { path, bytes: size, taken: i > 0 && existsSync(path) };
      });
      return { files };
    } finally {
      opened.close();
    }
  },
});

export const modelFilesJob = defineJob<{ readonly file: FileInput }, ModelFiles>({
  input: { file: fileInput },
  run: async ({ file }) => ({ paths: filesOf(file) }),
});

/** @throws DeepCompressionError `invalid-input` for a file that is none */
export function containerOf({ dcz, path }: Opened): Dcz {
  if (dcz) return dcz;
  throw new DeepCompressionError('invalid-input', `${path}: not a .dcz file, nothing to restore`);
}
