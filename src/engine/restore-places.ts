/**
 * Where the external data of a restored model goes, and whose file is in the way where one is. Nothing is
 * made here.
 */
import { host } from '#host';
import { DeepCompressionError } from '../model/errors.ts';
import { endsIn, modelEndings } from '../model/format-names.ts';
import { filesOf } from './input.ts';

/** Models that are looked into for whose the file in the way is. */
const mostModels = 32;

/**
 * @throws DeepCompressionError `invalid-input` when a file is there already, with whose it is; what
 * `dataPlaces` throws
 */
export function freePlaces(out: string, locations: readonly string[]): string[] {
  try {
    return host.files.dataPlaces(out, locations);
  } catch (error) {
    if (!(error instanceof DeepCompressionError) || error.code !== 'exists') throw error;
    const taken = error.message.replace(/ already exists$/, '');
    const owner = ownerOf(taken, host.paths.dirname(out));
    const name = host.paths.basename(out, host.paths.extname(out));
    throw new DeepCompressionError(
      'invalid-input',
      `${taken} already exists${owner === undefined ? '' : ` (it is the data of ${owner})`} and is never replaced: restore into a folder of its own, e.g. ${host.paths.join(host.paths.dirname(out), `${name}-restored`, host.paths.basename(out))}`,
      { cause: error },
    );
  }
}

/** The model beside `out` that reads this file. */
function ownerOf(taken: string, folder: string): string | undefined {
  const models = host.files
    .list(folder)
    .map(({ name }) => name)
    .filter((name) => modelEndings.some((ending) => endsIn(name.toLowerCase(), ending)))
    .slice(0, mostModels);
  return models.find((name) => {
    try {
      return filesOf({ path: host.paths.join(folder, name) }).some(
        (file, i) => i > 0 && file === taken,
      );
    } catch {
      return false; // no model, so nobody's
    }
  });
}
