/**
 * Files by the hash of their content, where every machine of a queue can have them: in parts in its
 * database, or in a folder that all see. What is put twice is kept once; what is got is checked.
 *
 * Limits: PostgreSQL holds a gigabyte of parts as well as any other table, and slows down when it must
 * hold a hundred: a folder is for those.
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DeepCompressionError } from '../model/errors.ts';
import { plainError } from '../platform/errno.ts';
import type { Postgres, Query } from './postgres.ts';

export interface FileStore {
  /** Puts what is at `path`, unless it is there, for as long as the run is. */
  put(run: string, sha256: string, path: string): Promise<void>;
  /** @throws DeepCompressionError `io` when it is not there, or is not what its hash says */
  get(sha256: string, path: string): Promise<void>;
}

const partBytes = 4 << 20;
/** Held while a run's use of a file is noted, and alone while unused ones go. */
const filesLock = 0x64656570;

export function databaseFiles({ query, transaction }: Postgres): FileStore {
  return {
    put: async (run, sha256, path) => {
      if (await transaction((own) => used(own, run, sha256))) return;
      const file = opened(path, 'r');
      try {
        let parts = 0;
        let bytes = 0;
        for (const part of read(file, path)) {
          await query(
            `insert into deepc.part (sha256, number, content) values ($1, $2, $3)
             on conflict (sha256, number) do nothing`,
            [sha256, parts++, part],
          );
          bytes += part.length;
        }
        await query(
          `insert into deepc.file (sha256, bytes, parts) values ($1, $2, $3)
           on conflict (sha256) do nothing`,
          [sha256, bytes, parts],
        );
      } finally {
        closeSync(file);
      }
    },
    get: async (sha256, path) => {
      const [known] = await query('select parts from deepc.file where sha256 = $1', [sha256]);
      if (!known) throw missing(sha256);
      await written(sha256, path, async (write) => {
        for (let number = 0; number < Number(known['parts']); number++) {
          const [part] = await query(
            'select content from deepc.part where sha256 = $1 and number = $2',
            [sha256, number],
          );
          if (!part) throw missing(sha256);
          write(part['content'] as Uint8Array);
        }
      });
    },
  };
}

/** Notes that a run uses a file, so that it stays. @returns whether it is there */
async function used(query: Query, run: string, sha256: string): Promise<boolean> {
  await query('select pg_advisory_xact_lock_shared($1)', [filesLock]);
  await query(
    `insert into deepc.use (run, sha256) select id, $2 from deepc.run where id = $1
     on conflict (run, sha256) do nothing`,
    [run, sha256],
  );
  const found = await query('select 1 from deepc.file where sha256 = $1', [sha256]);
  return found.length > 0;
}

/** Lets go what no run uses any more. */
export async function dropUnused(query: Query): Promise<void> {
  await query('select pg_advisory_xact_lock($1)', [filesLock]);
  for (const table of ['part', 'file'])
    await query(
      `delete from deepc.${table} t
       where not exists (select from deepc.use u where u.sha256 = t.sha256)`,
    );
}

/** @param folder that every machine of the queue sees */
export function folderFiles(folder: string): FileStore {
  const placeOf = (sha256: string): string => join(folder, sha256.slice(0, 2), sha256);
  return {
    put: async (_, sha256, path) => {
      const place = placeOf(sha256);
      if (existsSync(place)) return;
      const temporary = `${place}.${randomUUID()}`;
      try {
        mkdirSync(dirname(place), { recursive: true });
        await copyFile(path, temporary);
        renameSync(temporary, place);
      } catch (error) {
        rmSync(temporary, { force: true });
        throw plainError(error, 'write', place);
      }
    },
    get: async (sha256, path) => {
      const place = placeOf(sha256);
      if (!existsSync(place)) throw missing(sha256);
      const file = opened(place, 'r');
      try {
        await written(sha256, path, (write) => {
          for (const part of read(file, place)) write(part);
          return Promise.resolve();
        });
      } finally {
        closeSync(file);
      }
    },
  };
}

/** Writes a file completely, and only what its hash says. */
async function written(
  sha256: string,
  path: string,
  fill: (write: (bytes: Uint8Array) => void) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  const hash = createHash('sha256');
  const file = opened(temporary, 'wx');
  try {
    try {
      await fill((bytes) => {
        hash.update(bytes);
        try {
          for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at);
        } catch (error) {
          throw plainError(error, 'write', path);
        }
      });
    } finally {
      closeSync(file);
    }
    if (hash.digest('hex') !== sha256)
      throw new DeepCompressionError('io', `file ${sha256.slice(0, 12)} of the queue is damaged`);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function opened(path: string, flags: string): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    throw plainError(error, flags === 'r' ? 'read' : 'write', path);
  }
}

function* read(file: number, path: string): Generator<Uint8Array> {
  try {
    for (;;) {
      const part = new Uint8Array(partBytes);
      const length = readSync(file, part, 0, partBytes, null);
      if (length === 0) return;
      yield part.subarray(0, length);
    }
  } catch (error) {
    throw plainError(error, 'read', path);
  }
}

function missing(sha256: string): DeepCompressionError {
  return new DeepCompressionError(
    'io',
    `file ${sha256.slice(0, 12)} is not in the queue's store: starter and workers need the same --store, or none`,
  );
}
