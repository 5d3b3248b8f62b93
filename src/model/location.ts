/**
 * The one rule for where external data may lie: below the model's own folder. Used when a model is
 * opened and again when its files are written, whatever they were read from.
 */
import { DeepCompressionError } from './errors.ts';

/**
 * The location with '/' between parts and without '.' parts, so that equal files compare equal.
 * @throws DeepCompressionError `invalid-model` for an empty, absolute or drive path, a '..' part or
 * a control character.
 */
export function checkLocation(location: string): string {
  const refuse = (why: string): never => {
    throw new DeepCompressionError(
      'invalid-model',
      `external data location ${JSON.stringify(location.slice(0, 200))} is refused: ${why}`,
    );
  };
  const slashed = location.replaceAll('\\', '/');
  if (slashed.startsWith('/') || /^[a-zA-Z]:/.test(slashed)) refuse('it is an absolute path');
  if (/[\u0000-\u001f\u007f]/.test(slashed)) refuse('it holds a control character');
  const parts = slashed.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) refuse("it leaves the model's folder");
  if (parts.length === 0 || slashed.endsWith('/')) refuse('it names no file');
  return parts.join('/');
}
