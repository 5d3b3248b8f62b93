/**
 * The rules for where external data may lie: below the model's own folder, under names that are files on
 * every system. Used when a model is opened and again when its files are written, whatever they were
 * read from.
 */
import { DeepCompressionError } from './errors.ts';

/**
 * The location with '/' between parts and without '.' parts, so that equal files compare equal.
 * @throws DeepCompressionError `invalid-model` for an empty, absolute or drive path, a '..' part, a
 * control character, a colon (on Windows a hidden stream of another file) or a device's name.
 */
export function checkLocation(location: string): string {
  const refuse = (why: string): never => refused(location, why);
  const slashed = location.replaceAll('\\', '/');
  if (slashed.startsWith('/') || /^[a-zA-Z]:/.test(slashed)) refuse('it is an absolute path');
  if (/[\u0000-\u001f\u007f]/.test(slashed)) refuse('it holds a control character');
  if (slashed.includes(':')) refuse('it holds a colon');
  const parts = slashed.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) refuse("it leaves the model's folder");
  if (parts.length === 0 || slashed.endsWith('/')) refuse('it names no file');
  if (parts.some(isDeviceName)) refuse('it is the name of a device on Windows');
  return parts.join('/');
}

/**
 * What may be written below a folder that holds other things too: no part is hidden, as the folders of
 * tools and their settings are (.git, .vscode).
 * @throws DeepCompressionError `invalid-model`, and what `checkLocation` throws
 */
export function checkRestorable(location: string): string {
  const checked = checkLocation(location);
  if (checked.split('/').some((part) => part.startsWith('.')))
    refused(location, 'a part of it begins with a dot');
  return checked;
}

/** Whether Windows takes a file name for a device, whatever its extension, or cuts its end off. */
export function isDeviceName(name: string): boolean {
  return (
    /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])[ .]*(\.|$)/i.test(name) ||
    /[ .]$/.test(name)
  );
}

function refused(location: string, why: string): never {
  throw new DeepCompressionError(
    'invalid-model',
    `external data location ${JSON.stringify(location.slice(0, 200))} is refused: ${why}`,
  );
}
