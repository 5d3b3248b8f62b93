/**
 * A piece is its worker's for a time, and longer as long as the worker says so: pg-boss 10 counts from the
 * start of a piece, which for one of hours would find a dead worker after hours. Until this project can
 * use its version 12, whose pieces have heartbeats, the start is moved on here.
 */
import type { Postgres } from './postgres.ts';

/** Seconds after which a piece is given to another when its worker has not been heard of. */
export const usualLease = 30;
/** Tries of a piece; after the last it is set aside. */
export const mostTries = 3;

/** The pieces are this worker's for another lease. */
export async function prolong({ query }: Postgres, ids: readonly string[]): Promise<void> {
  await query(
    `update deepc_boss.job set started_on = now() where id = any($1::uuid[]) and state = 'active'`,
    [ids],
  );
}

/** Pieces that wait again as if nobody had begun them. */
export async function handBack({ query }: Postgres, ids: readonly string[]): Promise<void> {
  await query(
    `update deepc_boss.job set state = 'retry', started_on = null
     where id = any($1::uuid[]) and state = 'active'`,
    [ids],
  );
}
