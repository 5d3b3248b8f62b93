/**
 * Kinds of file by their endings, for everything that only sees names: the one place of the extension
 * that knows them (a test compares the manifest). What a file really is, the engine tells by its content.
 */
import { endsIn, formatIds, formatNames, type FormatId } from '../model/format-names.ts';

export type FileKind = FormatId | 'dcz';

/** Files that can be compressed. */
export const modelKinds: readonly FileKind[] = formatIds;
/** Files that can be run and trained. */
export const runnableKinds: readonly FileKind[] = ['onnx'];
/** Every file that can be opened, models first. */
export const allKinds: readonly FileKind[] = [...modelKinds, 'dcz'];

/** In lower case, without the dot. */
export function endingsOf(kinds: readonly FileKind[]): readonly string[] {
  return kinds.flatMap((kind) => (kind === 'dcz' ? ['dcz'] : formatNames[kind].endings));
}

/** Endings that a workspace is searched for: arrays of NumPy are samples more often than models. */
export function searchedEndings(kinds: readonly FileKind[]): readonly string[] {
  return endingsOf(kinds.filter((kind) => kind !== 'numpy'));
}

/** As `endingsOf`, each with its dot. */
export function dottedEndings(kinds: readonly FileKind[]): readonly string[] {
  return endingsOf(kinds).map((ending) => `.${ending}`);
}

/** Kind of the file of this name or path; undefined for what is none of them. */
export function kindOfName(name: string): FileKind | undefined {
  return allKinds.find((kind) => endingOf(name, [kind]) !== undefined);
}

/** The name without the ending of a model, where it has one. */
export function withoutEnding(name: string): string {
  const ending = endingOf(name, allKinds);
  if (ending === undefined) return name;
  const rest = name.slice(0, -ending.length);
  // model.json is an ending and a whole name
  return /(^|[\\/])$/.test(rest) ? `${rest}${ending.split('.')[0]}` : rest.slice(0, -1);
}

/** The ending that a name has, in lower case, without the dot. */
export function endingOf(name: string, kinds: readonly FileKind[]): string | undefined {
  const lower = name.toLowerCase();
  return endingsOf(kinds).find((ending) => endsIn(lower, ending));
}
