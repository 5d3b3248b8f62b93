/**
 * A queue as starters and workers open it: one for every build of the engine, so that a piece never meets
 * another version, over one database and one store of files.
 */
import { DeepCompressionError } from '../model/errors.ts';
import { databaseFiles, folderFiles, type FileStore } from './files.ts';
import { mostTries, usualLease } from './lease.ts';
import { openPostgres, type Postgres, type PostgresOptions } from './postgres.ts';

export interface QueueOptions extends Omit<PostgresOptions, 'connections'> {
  /** Build and runtime; pieces of another one are refused. */
  readonly engine: string;
  /** A folder for files that all machines see; undefined: the database. */
  readonly store: string | undefined;
  /** Seconds; the usual ones when absent. */
  readonly lease?: number;
}

export interface Queue {
  readonly postgres: Postgres;
  readonly files: FileStore;
  readonly engine: string;
  /** Of pg-boss: pieces that wait, and pieces whose workers were lost again and again. */
  readonly name: string;
  readonly lost: string;
  /** Seconds. */
  readonly lease: number;
}

/** What stands in pg-boss for a piece. */
export interface QueuedPiece {
  readonly run: string;
  readonly piece: number;
  readonly engine: string;
  readonly job: string;
  /** As packed (engine/pieces/packing.ts). */
  readonly input: unknown;
}

/** @throws DeepCompressionError what keeps it from being used */
export async function openQueue(options: QueueOptions): Promise<Queue> {
  const { engine, store, lease = usualLease } = options;
  const postgres = await openPostgres(options);
  const own = engine.replace(/[^\w.-]+/g, '_');
  const queue: Queue = {
    ...{ postgres, engine, lease, name: `deepc-${own}`, lost: `deepc-lost-${own}` },
    files: store === undefined ? databaseFiles(postgres) : folderFiles(store),
  };
  try {
    await postgres.boss.createQueue(queue.lost);
    await postgres.boss.createQueue(queue.name, {
      name: queue.name,
      retryLimit: mostTries - 1,
      deadLetter: queue.lost,
    });
    return queue;
  } catch (error) {
    await postgres.close();
    throw error instanceof DeepCompressionError
      ? error
      : new DeepCompressionError('io', error instanceof Error ? error.message : String(error));
  }
}
