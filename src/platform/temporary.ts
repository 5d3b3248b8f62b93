/**
 * Names of what is being written, and what becomes of it when its process was killed: the next writing
 * to the same place removes it. Of a thread, or a process, that is ended by force, whoever ended it
 * removes it at once: it was told of every name.
 */
import * as fs from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** A file or folder that is there for as long as something is being made. */
export interface Unfinished {
  readonly path: string;
  /** What it is to become; the same path where it becomes nothing. */
  readonly target: string;
}

/** Hears of unfinished ones before they are made, and when they are gone. */
export type Watcher = (unfinished: Unfinished, isThere: boolean) => void;
let watcher: Watcher = () => {};

/** Tells of everything unfinished that this thread makes. */
export function watchUnfinished(to: Watcher): void {
  watcher = to;
}

/** @returns what was given */
export function announce(unfinished: Unfinished): Unfinished {
  watcher(unfinished, true);
  return unfinished;
}

/** In the folder of a set: the model, and the folder of its external data. */
export const stagedModel = 'model';
export const stagedData = 'data';

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/** Beside the target: `.NAME.HOST-PID-RANDOM.tmp`, the name cut so that the whole stays below 255 bytes. */
export function unfinishedFor(target: string): Unfinished {
  const name = `${prefixOf(target)}${host}-${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  return announce({ path: join(dirname(target), name), target });
}

/** Removes what is left of a temporary file or folder; where it became what it should, nothing is. */
export function discard(unfinished: Unfinished): void {
  const { path, target } = unfinished;
  attempt(() => {
    const there = fs.lstatSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory() && path !== target) takeBack(path, target);
    fs.rmSync(path, { recursive: true, force: true });
  });
  watcher(unfinished, false);
}

function prefixOf(target: string): string {
  let name = basename(target);
  while (Buffer.byteLength(name) > 180) name = name.slice(0, -1);
  return `.${name}.`;
}

/** Removes temporary files and folders for this target whose process is gone. */
export function removeLeftovers(target: string): void {
  attempt(() => {
    const prefix = prefixOf(target);
    for (const name of fs.readdirSync(dirname(target))) {
      const parts = name.startsWith(prefix)
        ? /^([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.tmp$/.exec(name.slice(prefix.length))
        : null;
      if (parts === null || parts[1] !== host || isRunning(Number(parts[2]))) continue;
      discard({ path: join(dirname(target), name), target });
    }
  });
}

/**
 * Takes back what an unfinished set (file-set.ts) has put into its places: the files that are still the
 * very ones in its folder. A set whose model is in its place is finished and stays.
 */
function takeBack(stage: string, target: string): void {
  const model = fs.lstatSync(join(stage, stagedModel), { bigint: true, throwIfNoEntry: false });
  if (model === undefined || isThere(model, target)) return;
  const undo = (from: string, to: string): void => {
    for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
      const staged = join(from, entry.name);
      const placed = join(to, entry.name);
      if (entry.isDirectory()) {
        attempt(() => undo(staged, placed));
        attempt(() => fs.rmdirSync(placed)); // only when nothing else is in it
      } else if (isThere(fs.lstatSync(staged, { bigint: true }), placed))
        fs.rmSync(placed, { force: true });
    }
  };
  attempt(() => undo(join(stage, stagedData), dirname(target)));
}

function isThere(staged: fs.BigIntStats, path: string): boolean {
  const there = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return there !== undefined && there.dev === staged.dev && there.ino === staged.ino;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** For clean-up and courtesies whose failure must not hide or cause an error. */
export function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Nothing to be done, and nothing depends on it.
  }
}
