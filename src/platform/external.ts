/**
 * Opens the external data of a model, and nothing else: a location must name a regular file below
 * the model's own folder, also after every symbolic link is followed, and not the model itself.
 */
import { realpathSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { DeepCompressionError } from '../model/errors.ts';
import { checkLocation } from '../model/location.ts';
import { plainError } from './errno.ts';
import { openNoLink } from './files.ts';
import type { ExternalResolver, OpenFile } from './port.ts';

/**
 * The returned function throws DeepCompressionError `not-found` for a missing file, `invalid-model`
 * for a location outside the folder, `io` for what cannot be read.
 */
export function externalResolver(modelPath: string): ExternalResolver {
  const opened = new Map<string, OpenFile>();
  const resolve = (given: string): OpenFile => {
    const location = checkLocation(given);
    let file = opened.get(location);
    if (file === undefined) {
      file = openInside(modelPath, location);
      opened.set(location, file);
    }
    return file;
  };
  const closeAll = (): void => {
    for (const file of opened.values()) file.close();
    opened.clear();
  };
  return Object.assign(resolve, { closeAll });
}

/** The place is looked at again when the file is open: a link that came into its way meanwhile is seen. */
function openInside(modelPath: string, location: string): OpenFile {
  const file = openNoLink(locate(modelPath, location));
  try {
    const { dev, ino } = statSync(locate(modelPath, location), { bigint: true });
    if (file.stat.dev === dev && file.stat.ino === ino) return file;
    throw new DeepCompressionError(
      'io',
      `cannot read ${file.name}: it changed while it was opened`,
    );
  } catch (error) {
    file.close();
    throw plainError(error, 'read', location);
  }
}

function locate(modelPath: string, location: string): string {
  const path = join(dirname(modelPath), location);
  const refuse = (why: string): never => {
    throw new DeepCompressionError(
      'invalid-model',
      `external data location ${location} is refused: ${why}`,
    );
  };
  let real: string;
  let folder: string;
  let model: string;
  try {
    folder = realpathSync(dirname(modelPath));
    model = realpathSync(modelPath);
    real = realpathSync(path);
  } catch (error) {
    throw plainError(error, 'read', path);
  }
  if (real === model) refuse('it is the model itself');
  const inside = folder.endsWith(sep) ? folder : folder + sep;
  if (!real.startsWith(inside)) refuse("it is a symbolic link out of the model's folder");
  return real;
}
