/** Why an output is not written, in every environment the same lines. */
import { DeepCompressionError } from '../model/errors.ts';
import type { OutputKind } from './port.ts';

export function isInput(path: string): DeepCompressionError {
  return new DeepCompressionError(
    'invalid-input',
    `${path} is an input and is never overwritten: choose another name`,
  );
}

export function isThere(path: string): DeepCompressionError {
  return new DeepCompressionError('exists', `${path} already exists`);
}

export function isAnotherKind(
  path: string,
  { name }: OutputKind,
  done: 'replaced' | 'deleted',
): DeepCompressionError {
  return new DeepCompressionError(
    'invalid-input',
    `${path} is there and is not ${name}, so it is not ${done}: choose another name, or move it away`,
  );
}

export function isClash(path: string): DeepCompressionError {
  return new DeepCompressionError(
    'invalid-input',
    `${path} cannot be two outputs of one run: choose another name`,
  );
}
