/**
 * NumPy's .npz: a ZIP of .npy arrays, stored or deflated. The directory is read first; only arrays that
 * are asked for are unpacked. The names decide what an array is for: x and y, images and labels, with or
 * without a part's name (x_train, test_labels, trainX), or the names of the model's inputs.
 */
import { unzipSync, type UnzipFileInfo } from 'fflate';
import { DeepCompressionError } from '../../model/errors.ts';
import { checkInflation, dataError, type DataArray } from './array.ts';
import type { TextArray } from './labels.ts';
import { parseNpy, parseNpyOrText } from './npy.ts';
import { listed, type DataSplit } from './taken.ts';

const mostEntries = 65_535;

export interface Npz {
  /** Without `.npy`, in the order of the directory. */
  readonly names: readonly string[];
  /** @throws DeepCompressionError `invalid-input` for what is not an array of numbers */
  array(name: string): DataArray;
  /** The same of an array of numbers or text. */
  arrayOrText(name: string): DataArray | TextArray;
}

/** @throws DeepCompressionError `invalid-input` */
export function openNpz(bytes: Uint8Array, file: string): Npz {
  const names = new Set<string>();
  let entries = 0;
  unzipped(bytes, file, ({ name }) => {
    // a directory can claim billions of entries, all of them the same bytes
    if (++entries > mostEntries) throw dataError(file, `more than ${mostEntries} files in it`);
    if (!name.endsWith('.npy')) return false;
    const array = name.slice(0, -4);
    if (names.has(array)) throw dataError(file, `two arrays are named ${array}`);
    names.add(array);
    return false;
  });
  if (names.size === 0) throw dataError(file, 'an .npz without arrays');
  const content = (array: string): Uint8Array => {
    const wanted = `${array}.npy`;
    const found = unzipped(bytes, file, ({ name, size, originalSize }) => {
      if (name !== wanted) return false;
      checkInflation(size, originalSize, `${file}, ${name}`);
      return true;
    });
    return found[wanted] ?? new Uint8Array();
  };
  const label = (array: string): string => `${file}, ${array}.npy`;
  return {
    names: [...names],
    array: (array) => parseNpy(content(array), label(array)),
    arrayOrText: (array) => parseNpyOrText(content(array), label(array)),
  };
}

function unzipped(
  bytes: Uint8Array,
  file: string,
  filter: (entry: UnzipFileInfo) => boolean,
): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, { filter });
  } catch (cause) {
    if (cause instanceof DeepCompressionError) throw cause;
    throw dataError(file, 'not a readable .npz (ZIP) file');
  }
}

type Part = 'samples' | 'labels';

const vocabulary: readonly (readonly [Part | DataSplit, string])[] = [
  ['samples', 'x xs image images img imgs data input inputs sample samples feature features'],
  ['labels', 'y ys label labels target targets'],
  ['train', 'train training tr'],
  ['validation', 'val valid validation dev'],
  ['test', 'test testing eval'],
];
const words: ReadonlyMap<string, Part | DataSplit> = new Map(
  vocabulary.flatMap(([meaning, names]) =>
    names.split(' ').map((name) => [name, meaning] as const),
  ),
);

interface Named {
  readonly name: string;
  readonly part: Part;
  readonly split: DataSplit | null;
}

/** `x_train`, `testLabels`, `val/images`: every word of the name must be known, and one a part. */
function meaningOf(name: string): Named | undefined {
  const found = name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
    .map((word) => words.get(word));
  const parts = found.filter((w) => w === 'samples' || w === 'labels');
  const splits = found.filter((w) => w === 'train' || w === 'validation' || w === 'test');
  if (parts.length !== 1 || splits.length > 1 || parts.length + splits.length !== found.length)
    return undefined;
  return { name, part: parts[0]!, split: splits[0] ?? null };
}

export interface Chosen {
  readonly samples: string;
  readonly labels: string | undefined;
  readonly split: DataSplit | null;
}

/**
 * Which arrays are samples and labels, by their names alone.
 * @param inputs names of the model's inputs: an array of that name is its samples
 * @param prefer parts that suit the purpose, the best first
 * @param given the part that was asked for
 * @returns undefined when no name says which the samples are
 * @throws DeepCompressionError `invalid-input` when two do, or the part is not there
 */
export function chooseArrays(
  names: readonly string[],
  inputs: readonly string[],
  prefer: readonly DataSplit[],
  file: string,
  given?: DataSplit,
): Chosen | undefined {
  const known = names.flatMap((name) => meaningOf(name) ?? []);
  const samples = known.filter(({ part }) => part === 'samples');
  const own = names.filter((name) => inputs.includes(name));
  const splits = new Set(samples.map(({ split }) => split));
  if (given && !splits.has(given))
    throw dataError(file, `no samples of the split ${given}: it holds ${listed(names)}`);
  const split = given ?? prefer.find((s) => splits.has(s)) ?? null;
  if (!given && split === null && splits.size > 0 && !splits.has(null))
    throw dataError(
      file,
      `it holds only samples of the split ${[...splits].join(', ')}: name one to use (--split)`,
    );
  const of = (part: Part): string | undefined => {
    const found = known.filter((k) => k.part === part && k.split === split).map(({ name }) => name);
    const byInput = part === 'samples' ? found.filter((name) => own.includes(name)) : [];
    const left = byInput.length === 1 ? byInput : found;
    if (left.length <= 1) return left[0];
    throw dataError(
      file,
      `${left.join(' and ')} may each be the ${part}: keep one, named ${part === 'samples' ? 'x' : 'y'}`,
    );
  };
  const x = of('samples') ?? own.find((name) => meaningOf(name)?.part !== 'labels');
  return x === undefined ? undefined : { samples: x, labels: of('labels'), split };
}
