/**
 * The calls of node:fs that change files below a folder, as a program makes them: listed, and open to
 * whatever goes wrong at one of them. In this process alone, so that a fault costs no start of another.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve, sep } from 'node:path';

export interface Call {
  readonly name: string;
  /** Absolute; of a renaming or a link, the new one. */
  readonly path: string;
}

/** Thrown by the call at which a process would have ended, and by every one after it. */
export class Killed extends Error {}

type Any = (...args: readonly unknown[]) => unknown;
const functions = fs as unknown as Record<string, Any>;

/** Which argument is the path that is made, changed or deleted. */
const byPath: Readonly<Record<string, number>> = {
  ...{ writeFileSync: 0, appendFileSync: 0, truncateSync: 0, mkdirSync: 0, mkdtempSync: 0 },
  ...{ rmSync: 0, rmdirSync: 0, unlinkSync: 0 },
  ...{ linkSync: 1, renameSync: 1, symlinkSync: 1, copyFileSync: 1, cpSync: 1 },
};
const byDescriptor = ['writeSync', 'fsyncSync', 'ftruncateSync'];

/**
 * Runs an action whose calls below `folder` are told to `before`, which may throw in their place. Files
 * that the action leaves open are closed, as those of a process that ends.
 * @returns the calls, those that failed included
 */
export async function withCalls(
  folder: string,
  before: (call: Call, index: number) => void,
  action: () => Promise<unknown>,
): Promise<readonly Call[]> {
  const calls: Call[] = [];
  const open = new Map<number, string>();
  const names = [...Object.keys(byPath), ...byDescriptor, 'openSync', 'closeSync'];
  const originals = Object.fromEntries(names.map((name) => [name, functions[name]!]));
  const inside = (path: unknown): path is string =>
    typeof path === 'string' && resolve(path).startsWith(folder + sep);
  const tell = (name: string, path: string): void => {
    const call = { name, path: resolve(path) };
    calls.push(call);
    before(call, calls.length - 1);
  };
  for (const [name, position] of Object.entries(byPath))
    functions[name] = (...args) => {
      const path = args[position];
      if (inside(path)) tell(name, path);
      return originals[name]!(...args);
    };
  for (const name of byDescriptor)
    functions[name] = (...args) => {
      const path = open.get(args[0] as number);
      if (path !== undefined)
        try {
          tell(name, path);
        } catch (error) {
          if (name === 'writeSync' && isFirst(error)) writeHalf(originals[name]!, args);
          throw error;
        }
      return originals[name]!(...args);
    };
  let dead = false;
  const isFirst = (error: unknown): boolean => {
    const first = error instanceof Killed && !dead;
    dead ||= first;
    return first;
  };
  functions['openSync'] = (...args) => {
    const [path, flags = 'r'] = args;
    const changes = inside(path) && !isReading(flags);
    if (changes) tell('openSync', path);
    const descriptor = originals['openSync']!(...args) as number;
    if (changes) open.set(descriptor, path);
    return descriptor;
  };
  functions['closeSync'] = (...args) => {
    open.delete(args[0] as number);
    return originals['closeSync']!(...args);
  };
  syncBuiltinESMExports();
  try {
    await action();
  } finally {
    Object.assign(functions, originals);
    syncBuiltinESMExports();
    for (const descriptor of open.keys()) fs.closeSync(descriptor);
  }
  return calls;
}

function isReading(flags: unknown): boolean {
  const { O_WRONLY, O_RDWR } = fs.constants;
  return typeof flags === 'number' ? (flags & (O_WRONLY | O_RDWR)) === 0 : flags === 'r';
}

function writeHalf(write: Any, [descriptor, bytes, from, length]: readonly unknown[]): void {
  write(descriptor, bytes, from, Math.floor((length as number) / 2));
}
