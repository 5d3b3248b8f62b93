/** filesToRestore, inputFiles: which files a decompression would write, and which models and data are read from. */
import { host } from '#host';
import type { Dcz } from '../../container/read.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { checkRestorable } from '../../model/location.ts';
import { filesOf, openInput, pathsOf, sharedInput, type Opened } from '../input.ts';
import type { FileInput, FilesToRestore, FilesToRestoreInput } from '../protocol-model.ts';
import type { InputFiles, InputFilesInput } from '../protocol-train.ts';
import { restoredFormat } from '../restored.ts';
import { listOf } from '../shape.ts';
import { dataFiles } from '../train/data.ts';
import { defineJob } from './define.ts';
import { dataInput, fileInput, outputPath } from './inputs.ts';

export const filesToRestoreJob = defineJob<FilesToRestoreInput, FilesToRestore>({
  input: { file: fileInput, out: outputPath },
  run: async ({ file, out }) => {
    const opened = openInput(sharedInput(file));
    try {
      const dcz = containerOf(opened);
      const files = dcz.files.map(({ location, size }, i) => {
        const path =
          i === 0 ? out : host.paths.join(host.paths.dirname(out), checkRestorable(location));
        return { path, bytes: size, taken: i > 0 && host.files.exists(path) };
      });
      return { format: restoredFormat(dcz), files };
    } finally {
      opened.close();
    }
  },
});

export const inputFilesJob = defineJob<InputFilesInput, InputFiles>({
  input: { models: listOf(fileInput), data: listOf(dataInput) },
  run: async ({ models, data }) => ({
    paths: [...models.flatMap(pathsOfModel), ...data.flatMap(dataFiles)],
  }),
});

/** Of one that cannot be read any more, its own path. */
export function pathsOfModel(file: FileInput): readonly string[] {
  try {
    return filesOf(file);
  } catch (error) {
    if (!(error instanceof DeepCompressionError)) throw error;
    return pathsOf(file);
  }
}

/** @throws DeepCompressionError `invalid-input` for a file that is none */
export function containerOf({ dcz, path }: Opened): Dcz {
  if (dcz) return dcz;
  throw new DeepCompressionError('invalid-input', `${path}: not a .dcz file, nothing to restore`);
}
