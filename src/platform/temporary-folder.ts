/**
 * Folders of this process for what lives as long as one of its runs, in the system's temporary place.
 * Their names state the process, so that whoever ended it can remove what it left.
 */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { plainError } from './errno.ts';
import type { TemporaryFolder } from './port.ts';
import { announce, discard } from './temporary.ts';

/** Of every folder that is made here. */
const ours = 'deepc-';

/** Removes what a process that was ended has left. */
export function removeTemporaryOf(pid: number): void {
  const left = new RegExp(`^${ours}[a-z]+-${pid}-`);
  for (const name of fs.readdirSync(tmpdir()))
    if (left.test(name)) fs.rmSync(join(tmpdir(), name), { recursive: true, force: true });
}

/** @param prefix letters that say what it is for */
export function temporaryFolder(prefix: string): TemporaryFolder {
  const path = fs.mkdtempSync(join(tmpdir(), `${ours}${prefix}-${process.pid}-`));
  const unfinished = announce({ path, target: path });
  const open: number[] = [];
  return {
    path,
    create: (name) => {
      const file = join(path, name);
      try {
        fs.mkdirSync(dirname(file), { recursive: true });
        const descriptor = fs.openSync(file, 'wx');
        open.push(descriptor);
        return {
          write: (bytes) => {
            try {
              for (let at = 0; at < bytes.length;)
                at += fs.writeSync(descriptor, bytes, at, bytes.length - at);
            } catch (error) {
              throw plainError(error, 'write', file);
            }
          },
        };
      } catch (error) {
        throw plainError(error, 'write', file);
      }
    },
    close: () => {
      for (const descriptor of open.splice(0)) fs.closeSync(descriptor);
    },
    remove: () => discard(unfinished),
  };
}
