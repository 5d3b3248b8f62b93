/**
 * A folder of pictures as a data set: a folder for each class with PNG and JPEG files in it, as
 * torchvision's ImageFolder has it; or pictures alone, which then have no labels. Each is brought to the
 * model's input when it is read and kept as bytes, so that memory holds what is trained on and no more.
 */
import { host } from '#host';
import { readBytes } from '../../model/bytes.ts';
import { dataError, type DataArray } from '../../train/dataset/array.ts';
import type { Dataset } from '../../train/dataset/dataset.ts';
import { labelsOf, unlabelled, type Labels, type TextArray } from '../../train/dataset/labels.ts';
import type { Source } from '../../train/dataset/taken.ts';
import { decodeImage, type Picture } from '../../train/dataset/image.ts';
import { fitPicture, type Frame } from '../../train/dataset/resample.ts';
import type { GraphValue } from '../../train/graph.ts';
import type { Reading } from './reading.ts';

export interface LoadedImages {
  readonly data: Dataset;
  readonly source: Source;
}

const endings = /\.(png|jpe?g)$/i;
const mostBytes = 2 ** 31;
/** Of one file; no picture that is decoded has more. */
const mostFileBytes = 2 ** 28;

/**
 * @param given labels from a file of their own, for pictures without class folders, in the order of
 *   their names
 * @throws DeepCompressionError one line that names the folder or the picture, and what is wrong
 */
export async function loadImages(
  folder: string,
  reading: Reading,
  given: DataArray | TextArray | undefined,
): Promise<LoadedImages> {
  const entries = listed(folder);
  const classes = entries.filter((e) => e.isFolder).map((e) => e.name);
  const loose = classes.length === 0;
  if (given && !loose)
    throw dataError(folder, 'its folders are the classes: leave the labels file out');
  // beside class folders nothing is read
  const others: Others = { count: loose ? 0 : entries.length - classes.length };
  const numbers = numbered(classes);
  const found = loose
    ? picturesIn(folder, others).map((path) => ({ path, label: 0 }))
    : numbers.flatMap(({ name, label }) => {
        const own = picturesIn(host.paths.join(folder, name), others);
        if (own.length === 0)
          throw dataError(folder, `no PNG or JPEG image in the class folder ${name}`);
        return own.map((path) => ({ path, label }));
      });
  if (given && given.shape[0] !== found.length)
    throw dataError(folder, `${found.length} images but ${given.shape[0] ?? 0} labels`);
  const files = given ? found : found.slice(0, reading.most);
  if (files.length === 0) throw dataError(folder, 'no PNG or JPEG image, and no folder of a class');
  const first = readImage(files[0]!.path);
  const { frame, shape, channelsLast } = frameFor(reading.inputs[0], first, folder);
  const size = frame.width * frame.height * frame.channels;
  if (size * files.length > mostBytes)
    throw dataError(folder, `${files.length} images of ${shape.join(' x ')} are more than 2 GiB`);
  const values = new Uint8Array(size * files.length);
  for (const [i, { path }] of files.entries()) {
    await reading.turn();
    const picture = i === 0 ? first : readImage(path);
    const fitted = fitPicture(picture, frame);
    values.set(channelsLast ? fitted : planes(fitted, frame.channels), i * size);
    if (i % 64 === 0) reading.onRead?.(`${i} of ${files.length} images`);
  }
  const labels = given
    ? labelsOf(given, folder)
    : loose
      ? unlabelled
      : folderLabels(files, numbers);
  return {
    data: {
      ...{ name: folder, samples: files.length, shape, values, channelsLast, ...labels },
      notes: others.count > 0 ? [`${others.count} other files in ${folder} were passed over`] : [],
    },
    source: {
      samples: loose ? 'its images' : `images in ${classes.length} folders`,
      labels: given
        ? 'the labels file, in the order of the names of the images'
        : loose
          ? null
          : 'the names of the folders',
    },
  };
}

function folderLabels(
  files: readonly { readonly label: number }[],
  numbers: readonly { readonly name: string; readonly label: number }[],
): Labels {
  const own = numbers.every(({ name, label }) => Number(name) === label);
  return {
    ...unlabelled,
    kind: own ? 'class numbers' : 'class names',
    labels: Int32Array.from(files, ({ label }) => label),
    classes: numbers.reduce((most, { label }) => Math.max(most, label), 0) + 1,
    classNames: own ? [] : numbers.map(({ name }) => name),
  };
}

/**
 * The number of each class: names that are whole numbers from 0 on are the numbers themselves; other
 * numbers are counted in their order, other names in that of their characters.
 */
function numbered(names: readonly string[]): readonly { name: string; label: number }[] {
  const whole = names.every((name) => /^\d{1,6}$/.test(name));
  if (!whole) return [...names].sort().map((name, label) => ({ name, label }));
  const sorted = [...names].sort((a, b) => Number(a) - Number(b));
  const own = Number(sorted[0]) === 0;
  return sorted.map((name, i) => ({ name, label: own ? Number(name) : i }));
}

function listed(folder: string) {
  return host.files.list(folder).filter((e) => !e.name.startsWith('.'));
}

function readImage(path: string): Picture {
  const source = host.files.open(path);
  try {
    if (source.size === 0) throw dataError(path, 'the file is empty: take it out');
    if (source.size > mostFileBytes) throw dataError(path, 'too large for an image: take it out');
    return decodeImage(readBytes(source, 0, source.size), path);
  } finally {
    source.close();
  }
}

/** Files and links that are no pictures, as far as they are not hidden. */
interface Others {
  count: number;
}

/** Every picture in a folder, for outputs that may be none of them. */
export function picturesOf(folder: string): string[] {
  return picturesIn(folder, { count: 0 });
}

/** Deeper folders, too; links to folders are not followed, so that nothing goes in circles. */
function picturesIn(folder: string, others: Others): string[] {
  const found: string[] = [];
  for (const entry of listed(folder)) {
    const path = host.paths.join(folder, entry.name);
    if (entry.isFolder) for (const deeper of picturesIn(path, others)) found.push(deeper);
    else if (endings.test(entry.name)) found.push(path);
    else others.count++;
  }
  return found.sort();
}

interface Fit {
  readonly frame: Frame;
  readonly shape: readonly number[];
  readonly channelsLast: boolean;
}

/** How a picture lies in the input: sizes that the model leaves open are those of the first picture. */
function frameFor(input: GraphValue | undefined, first: Picture, folder: string): Fit {
  const open = (dim: unknown, otherwise: number): number =>
    typeof dim === 'number' && dim > 0 ? dim : otherwise;
  const { width, height } = first;
  const dims = input?.shape.slice(1) ?? [];
  const colours = (dim: unknown): dim is 1 | 3 => dim === 1 || dim === 3;
  const [a, b, c] = dims;
  if (dims.length === 3 && (colours(a) || !colours(c))) {
    if (typeof a === 'number' && !colours(a))
      throw dataError(folder, `the model takes ${a} channels, and images have 1 or 3`);
    const channels = colours(a) ? a : first.channels;
    const frame = { channels, height: open(b, height), width: open(c, width) };
    return { frame, shape: [channels, frame.height, frame.width], channelsLast: false };
  }
  if (dims.length === 3) {
    const channels = c as 1 | 3;
    const frame = { channels, height: open(a, height), width: open(b, width) };
    return { frame, shape: [frame.height, frame.width, channels], channelsLast: true };
  }
  if (dims.length === 2) {
    const frame = { channels: 1 as const, height: open(a, height), width: open(b, width) };
    return { frame, shape: [frame.height, frame.width], channelsLast: false };
  }
  if (dims.length === 1) {
    const values = open(a, width * height);
    for (const channels of [1, 3] as const) {
      const own = width * height * channels === values;
      const side = Math.sqrt(values / channels);
      if (own || Number.isInteger(side)) {
        const frame = { channels, width: own ? width : side, height: own ? height : side };
        return { frame, shape: [channels, frame.height, frame.width], channelsLast: false };
      }
    }
  }
  throw dataError(folder, `images do not fit the model's input ${input?.name ?? ''}`);
}

/** Channel after channel, as most models take them. */
function planes(pixels: Uint8Array, channels: number): Uint8Array {
  if (channels === 1) return pixels;
  const plane = pixels.length / channels;
  const result = new Uint8Array(pixels.length);
  for (let i = 0, at = 0; i < plane; i++)
    for (let c = 0; c < channels; c++) result[c * plane + i] = pixels[at++]!;
  return result;
}
