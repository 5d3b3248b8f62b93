/** Reads JSON that a model file holds: one line says what is wrong, and a size bounds its memory. */
import { readBytes, type ByteSource } from './bytes.ts';
import { DeepCompressionError } from './errors.ts';

/** Longer than the tables of the largest models. */
export const longestJson = 32 << 20;

export type JsonObject = Readonly<Record<string, unknown>>;

/** @throws DeepCompressionError `invalid-model` for what is too long, no JSON, or no object */
export function readJson(
  path: string,
  source: ByteSource,
  offset = 0,
  length = source.size,
): JsonObject {
  const fail = (why: string): never => {
    throw new DeepCompressionError('invalid-model', `${path}: ${why}`);
  };
  if (length > longestJson) fail(`its JSON has ${length} bytes, more than ${longestJson}`);
  if (offset + length > source.size) fail(`it ends in the middle of its JSON`);
  const text = new TextDecoder().decode(readBytes(source, offset, length));
  try {
    return asObject(JSON.parse(text) as unknown) ?? fail('its JSON is no object');
  } catch (error) {
    if (error instanceof DeepCompressionError) throw error;
    return fail('its JSON is damaged');
  }
}

export function asObject(value: unknown): JsonObject | undefined {
  const is = typeof value === 'object' && value !== null && !Array.isArray(value);
  return is ? (value as JsonObject) : undefined;
}

export function asArray(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? (value as readonly unknown[]) : undefined;
}

/** Whole numbers from 0 on, as shapes and offsets are; undefined for anything else. */
export function asSizes(value: unknown): readonly number[] | undefined {
  const list = asArray(value);
  const is = list?.every((n) => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0);
  return is ? (list as readonly number[]) : undefined;
}
