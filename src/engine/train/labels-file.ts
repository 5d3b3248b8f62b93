/** Where the labels of a data set are when they are not in the file of its samples. */
import { host } from '#host';
import type { DataInput } from '../protocol-train.ts';
import type { FileInput } from '../protocol-model.ts';

/** The labels' file: the one given, else one beside the samples that is called so. */
export function labelsFile({ file, labels }: DataInput): FileInput | undefined {
  return labels ?? labelsBeside(file);
}

/** MNIST's naming: …images-idx3-ubyte and …labels-idx1-ubyte; or x.npy and y.npy. */
function labelsBeside(file: FileInput): FileInput | undefined {
  if (!('path' in file)) return undefined;
  const folder = file.path.slice(0, file.path.length - host.paths.basename(file.path).length);
  const own = host.paths.basename(file.path);
  const candidates = [
    own.replace(/images[-.]idx3/, (m) => `labels${m[6]}idx1`),
    own.replace(/images/, 'labels'),
    own.replace(/^x(?=\.npy$)/, 'y'),
    own.replace(/_x(?=\.npy$)/, '_y'),
  ].filter((candidate) => candidate !== own);
  for (const candidate of candidates.flatMap((c) => [c, `${c}.gz`, c.replace(/\.gz$/, '')]))
    if (host.files.exists(folder + candidate)) return { path: folder + candidate };
  return undefined;
}
