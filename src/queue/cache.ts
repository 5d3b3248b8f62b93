/**
 * The files that a worker has got, by hash, under a limit: those that were used last stay. A piece's input
 * folder links to them, so that one which goes meanwhile is still there for whoever uses it.
 */
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { plainError } from '../platform/errno.ts';
import type { FileStore } from './files.ts';

export class FileCache {
  private readonly coming = new Map<string, Promise<void>>();

  /** @param limit bytes of all files together, one larger than it excepted while it is the last */
  constructor(
    private readonly folder: string,
    private readonly store: FileStore,
    private readonly limit: number,
  ) {
    mkdirSync(folder, { recursive: true });
  }

  /** Puts a file where a piece expects it. @throws DeepCompressionError `io` */
  async place(sha256: string, path: string): Promise<void> {
    const kept = join(this.folder, sha256);
    for (let tries = 0; ; tries++) {
      await this.fetched(sha256, kept);
      try {
        mkdirSync(dirname(path), { recursive: true });
        try {
          linkSync(kept, path);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
          copyFileSync(kept, path); // another file system, or one without links
        }
        return;
      } catch (error) {
        // gone between the two
        if ((error as NodeJS.ErrnoException).code === 'ENOENT' && tries < 3) continue;
        throw plainError(error, 'write', path);
      }
    }
  }

  private async fetched(sha256: string, kept: string): Promise<void> {
    try {
      utimesSync(kept, new Date(), new Date());
      return;
    } catch {
      // not there yet
    }
    let coming = this.coming.get(sha256);
    if (!coming) {
      coming = this.store.get(sha256, kept).finally(() => this.coming.delete(sha256));
      this.coming.set(sha256, coming);
    }
    await coming;
    this.trim(sha256);
  }

  /** Lets the oldest go until the rest fits. */
  private trim(newest: string): void {
    const files = readdirSync(this.folder).flatMap((name) => {
      try {
        const { size, mtimeMs } = statSync(join(this.folder, name));
        return [{ name, size, mtimeMs }];
      } catch {
        return []; // another worker of this machine let it go
      }
    });
    let bytes = files.reduce((sum, { size }) => sum + size, 0);
    for (const { name, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (bytes <= this.limit) return;
      if (name === newest || !/^[0-9a-f]{64}$/.test(name)) continue;
      rmSync(join(this.folder, name), { force: true });
      bytes -= size;
    }
  }
}
