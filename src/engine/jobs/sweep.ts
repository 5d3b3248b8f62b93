/** sweep: a design space, point by point. */
import { DeepCompressionError } from '../../model/errors.ts';
import type { Job } from '../protocol.ts';

export const sweepJob: Job<'sweep'> = () =>
  Promise.reject(new DeepCompressionError('unsupported', 'this source cannot be swept yet'));
