/** simulate: layers of a model, the paper's workloads or a cases file on the EIE machine. */
import { DeepCompressionError } from '../../model/errors.ts';
import type { Job } from '../protocol.ts';

export const simulateJob: Job<'simulate'> = () =>
  Promise.reject(new DeepCompressionError('unsupported', 'this source cannot be simulated yet'));
