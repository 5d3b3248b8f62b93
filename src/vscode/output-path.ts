/**
 * Where a compressed or restored file goes. Pure path arithmetic on absolute paths of the extension
 * host's own platform; nothing here touches the disk.
 */
import { host } from '#host';

const { basename, dirname, extname, isAbsolute, join, resolve } = host.paths;

/** The file name without its last extension. */
export function stem(path: string): string {
  return basename(path, extname(path));
}

/**
 * Path of the .dcz of a model.
 * @param folder absolute, or relative to `workspaceFolder` (or to the model, outside any workspace);
 *   '' is beside the model
 * @param pattern file name with `${name}` and `${preset}`; whatever it says, the result is a file
 *   directly in the folder that ends in .dcz
 */
export function compressedPath(
  model: string,
  folder: string,
  pattern: string,
  preset: string,
  workspaceFolder: string | undefined,
): string {
  const beside = dirname(model);
  const base =
    folder === ''
      ? beside
      : isAbsolute(folder)
        ? folder
        : resolve(workspaceFolder ?? beside, folder);
  const filled = pattern
    .replaceAll('${name}', () => stem(model))
    .replaceAll('${preset}', () => preset)
    .replace(/[/\\:*?"<>|\0]/g, '-');
  const named = filled.toLowerCase().endsWith('.dcz') ? filled : `${filled}.dcz`;
  return join(base, named === '.dcz' ? `${stem(model)}.dcz` : named);
}

/** Path offered for the restored model, with the ending of its format: never one that is taken. */
export async function restoredPath(
  container: string,
  ending: string,
  taken: (path: string) => Promise<boolean>,
): Promise<string> {
  const plain = join(dirname(container), `${stem(container)}.${ending}`);
  if (!(await taken(plain))) return plain;
  return freePath(join(dirname(container), `${stem(container)}.restored.${ending}`), taken);
}

/** A folder beside `out` that does not exist yet, for a model whose data files would be in the way. */
export async function ownFolder(
  out: string,
  taken: (path: string) => Promise<boolean>,
): Promise<string> {
  const plain = join(dirname(out), `${stem(out)}-restored`);
  for (let n = 1; ; n++) {
    const folder = n === 1 ? plain : `${plain}-${n}`;
    if (!(await taken(folder))) return folder;
  }
}

/** `path`, or the first of `name-2.ext`, `name-3.ext`, … that is free. */
export async function freePath(
  path: string,
  taken: (path: string) => Promise<boolean>,
): Promise<string> {
  if (!(await taken(path))) return path;
  for (let n = 2; ; n++) {
    const next = join(dirname(path), `${stem(path)}-${n}${extname(path)}`);
    if (!(await taken(next))) return next;
  }
}
