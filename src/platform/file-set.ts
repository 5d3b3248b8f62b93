/**
 * Writes a model and its external data files so that all of them appear or none does. Everything is
 * written into a hidden folder beside the model first; then the data files get their names, which must be
 * free, and the model last. Hard links in that folder say which files a killed process had put in place:
 * the next writing to the same model takes them back (temporary.ts). Without hard links (FAT) a kill
 * between two renamings leaves data files without a model.
 */
import * as fs from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { ByteSink } from '../model/bytes.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { checkRestorable } from '../model/location.ts';
import { bufferedSink, checkFolder, flushFolder, publish } from './atomic.ts';
import { plainError } from './errno.ts';
import { placeOf } from './output.ts';
import type { OutputRule } from './port.ts';
import { isThere } from './refusals.ts';
import {
  discard,
  removeLeftovers,
  stagedData,
  stagedModel,
  unfinishedFor,
  type Unfinished,
} from './temporary.ts';

/**
 * Where the data files of a model go. Nothing is made.
 * @throws DeepCompressionError `invalid-model` for a location that may not be written, `exists` when one
 * is there (data files are never replaced), `io` when a link is on its way
 */
export function dataPlaces(model: string, locations: readonly string[]): string[] {
  const home = dirname(model);
  return locations.map((given) => {
    const parts = checkRestorable(given).split('/');
    let path = home;
    for (const [i, part] of parts.entries()) {
      path = join(path, part);
      const there = fs.lstatSync(path, { throwIfNoEntry: false });
      if (there === undefined) continue;
      const last = i === parts.length - 1;
      if (there.isSymbolicLink())
        throw new DeepCompressionError('io', `cannot write ${path}: it is a symbolic link`);
      if (last) throw isThere(path);
      if (!there.isDirectory())
        throw new DeepCompressionError('io', `cannot write below ${path}: it is not a folder`);
    }
    return path;
  });
}

/**
 * @param fill writes file i: 0 is the model, i > 0 the data file at `locations[i - 1]`
 * @returns the bytes of each file
 * @throws what `fill` throws, and DeepCompressionError as `placeOf` and `dataPlaces` do
 */
export async function writeSet(
  path: string,
  locations: readonly string[],
  rule: OutputRule,
  fill: (sink: ByteSink, file: number) => Promise<void>,
): Promise<number[]> {
  let unfinished: Unfinished | undefined;
  try {
    const place = placeOf(path, rule);
    const { target } = place;
    const home = checkFolder(path, target);
    removeLeftovers(target);
    dataPlaces(target, locations);
    unfinished = unfinishedFor(target);
    const stage = unfinished.path;
    fs.mkdirSync(stage); // `recursive` would call a read-only disk a missing file
    fs.mkdirSync(join(stage, stagedData));
    const staged = [
      join(stage, stagedModel),
      ...locations.map((location) => join(stage, stagedData, checkRestorable(location))),
    ];
    const sizes: number[] = [];
    for (const [i, file] of staged.entries()) {
      const mode = i === 0 && place.there ? Number(place.there.mode) & 0o777 : 0o666;
      sizes.push(await writeStaged(file, mode, (sink) => fill(sink, i)));
    }
    // Again, because all this took its time.
    const targets = dataPlaces(target, locations);
    for (const [i, to] of targets.entries()) {
      makeFolder(dirname(to), home);
      putInPlace(staged[i + 1], to);
      flushFolder(dirname(to));
    }
    publish(staged[0], place);
    flushFolder(home);
    return sizes;
  } catch (error) {
    throw plainError(error, 'write', path);
  } finally {
    if (unfinished) discard(unfinished);
  }
}

async function writeStaged(
  path: string,
  mode: number,
  fill: (sink: ByteSink) => Promise<void>,
): Promise<number> {
  fs.mkdirSync(dirname(path), { recursive: true });
  const descriptor = fs.openSync(path, 'wx', mode);
  try {
    const sink = bufferedSink(descriptor, path);
    await fill(sink);
    const written = sink.finish();
    fs.fsyncSync(descriptor);
    return written;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Makes the folders between `home` and `folder` one by one, so that none is made behind a link. */
function makeFolder(folder: string, home: string): void {
  let path = home;
  for (const part of relative(home, folder)
    .split(sep)
    .filter((p) => p !== '')) {
    path = join(path, part);
    fs.mkdirSync(path, { recursive: true }); // one that is there is no error
    if (!fs.lstatSync(path).isDirectory())
      throw new DeepCompressionError('io', `cannot write below ${path}: it is not a folder`);
  }
  const real = fs.realpathSync(folder);
  const realHome = fs.realpathSync(home);
  if (real === realHome || real.startsWith(realHome.endsWith(sep) ? realHome : realHome + sep))
    return;
  throw new DeepCompressionError(
    'io',
    `cannot write ${folder}: a symbolic link leads out of ${home}`,
  );
}

function putInPlace(staged: string, target: string): void {
  try {
    fs.linkSync(staged, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || fs.existsSync(target)) throw error;
    fs.renameSync(staged, target);
  }
}
