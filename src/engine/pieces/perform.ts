/** A piece as a worker does it: unpacked and checked, then run, then its files and its result made ready. */
import { host } from '#host';
import { version } from '../../../package.json';
import { piecesOf } from '../../model/bytes.ts';
import type { JobName } from '../protocol.ts';
import { executorsOf } from '../runtime/executor.ts';
import { isRecord } from '../shape.ts';
import { unpack, type Part } from './packing.ts';

export type RunJob = (job: JobName, input: object, signal: AbortSignal) => Promise<object>;

export interface Ready {
  readonly files: readonly (Part & { readonly path: string })[];
  perform(signal: AbortSignal): Promise<{
    /** Paths in it are as whoever asked wrote them. */
    readonly result: object;
    readonly files: readonly (Part & { readonly path: string })[];
  }>;
}

/**
 * Pieces go to machines of one engine: the same build, and the same runtime for models, whose sums differ
 * in their last bits from another's.
 */
export function engineOf(workerFile: string): string {
  const file = host.files.open(workerFile);
  try {
    const build = host.sha256(piecesOf(file)).slice(0, 12);
    const [{ name }] = executorsOf({ native: true });
    return `${version}-${build}-${name}`;
  } finally {
    file.close();
  }
}

/**
 * @param folder that the piece has for itself
 * @throws DeepCompressionError for a job or an input that is not done for others
 */
export function prepare(job: string, packed: unknown, folder: string, run: RunJob): Ready {
  const { input, parts, names } = unpack(job, packed, folder);
  return {
    files: parts,
    perform: async (signal) => {
      const out = host.paths.join(folder, 'out');
      try {
        const result = await run(job as JobName, input, signal);
        const files = host.files
          .list(out)
          .filter(({ isFolder }) => !isFolder)
          .map(({ name }) => written(host.paths.join(out, name), name));
        return { result: renamed(result, names) as object, files };
      } catch (error) {
        if (error instanceof Error) error.message = renamed(error.message, names) as string;
        throw error;
      }
    },
  };
}

function written(path: string, name: string): Part & { readonly path: string } {
  const file = host.files.open(path);
  try {
    return { name, path, sha256: host.sha256(piecesOf(file)), bytes: file.size };
  } finally {
    file.close();
  }
}

/** Every text of a value with other paths in it. */
function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') {
    let text = value;
    for (const [path, name] of names) text = text.replaceAll(path, name);
    return text;
  }
  if (Array.isArray(value)) return value.map((item) => renamed(item, names));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, renamed(item, names)]),
  );
}
