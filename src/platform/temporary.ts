/**
 * Names of what is being written, and what becomes of it when its process was killed: the next writing
 * to the same place removes it.
 */
import * as fs from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Age at which a leftover of this very process counts as abandoned (its thread was stopped). */
const abandonedAfter = 10 * 60_000;

/** In the folder of a set: the model, and the folder of its external data. */
export const stagedModel = 'model';
export const stagedData = 'data';

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/** Beside the target: `.NAME.HOST-PID-RANDOM.tmp`, the name cut so that the whole stays below 255 bytes. */
export function temporaryPath(target: string): string {
  const name = `${prefixOf(target)}${host}-${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  return join(dirname(target), name);
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
      if (parts === null || parts[1] !== host) continue;
      const path = join(dirname(target), name);
      const pid = Number(parts[2]);
      const stat = fs.lstatSync(path);
      const old = Date.now() - stat.mtimeMs > abandonedAfter;
      if (pid === process.pid ? !old : isRunning(pid)) continue;
      if (stat.isDirectory()) takeBack(path, target);
      fs.rmSync(path, { recursive: true, force: true });
    }
  });
}

/**
 * Takes back what an unfinished set (file-set.ts) has put into its places: the files that are still the
 * very ones in its folder. A set whose model is in its place is finished and stays.
 */
export function takeBack(stage: string, target: string): void {
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
