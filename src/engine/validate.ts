/**
 * Checks a message that arrives in the worker: version, job name, and the shape of the input.
 * Both ends are ours, so a mismatch means two builds are mixed; still it must be one clear line.
 */
import { DeepCompressionError } from '../model/errors.ts';
import { declaredJobs } from './jobs/all.ts';
import { protocolVersion, type JobName, type ToWorker } from './protocol.ts';
import { integerFrom, isRecord, misfit } from './shape.ts';

const withoutInput = ['cancel', 'stop', 'pause', 'resume'];

/** The message, when it is one. @throws DeepCompressionError `invalid-input` */
export function checkedMessage(raw: unknown): ToWorker {
  if (!isRecord(raw) || !integerFrom(0)(raw['id'])) throw invalid('a message without an id');
  if (withoutInput.includes(String(raw['type']))) return raw as unknown as ToWorker;
  if (raw['type'] !== 'start') throw invalid(`unknown message type '${String(raw['type'])}'`);
  if (raw['version'] !== protocolVersion)
    throw invalid(
      `the worker is of version ${protocolVersion}, not ${String(raw['version'])}: rebuild, or reload the window`,
    );
  const job = String(raw['job']);
  if (!Object.hasOwn(declaredJobs, job)) throw invalid(`unknown job '${job}'`);
  checkInput(job as JobName, raw['input']);
  return raw as unknown as ToWorker;
}

/** Checks the input of one job. @throws DeepCompressionError `invalid-input` naming the field */
export function checkInput(job: JobName, input: unknown): void {
  if (!isRecord(input)) throw invalid(`${job}: no input`);
  const field = misfit(declaredJobs[job].input, input);
  if (field !== undefined) throw invalid(`${job}: '${field}' is not usable`);
}

function invalid(why: string): DeepCompressionError {
  return new DeepCompressionError('invalid-input', why);
}
