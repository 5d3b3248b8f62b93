/**
 * The tables beside pg-boss's own: runs and what they use, files in parts, results, and who works. What
 * waits for a machine is pg-boss's; what came of it is kept here, once a piece.
 */
export const schemaStatements: readonly string[] = [
  'create schema if not exists deepc',
  `create table if not exists deepc.run (
     id uuid primary key, title text not null, engine text not null, spec text not null,
     pieces integer not null, state text not null, made timestamptz not null default now())`,
  `create table if not exists deepc.file (
     sha256 text primary key, bytes bigint not null, parts integer not null)`,
  `create table if not exists deepc.part (
     sha256 text, number integer, content bytea not null, primary key (sha256, number))`,
  `create table if not exists deepc.use (
     run uuid references deepc.run on delete cascade, sha256 text, primary key (run, sha256))`,
  `create table if not exists deepc.result (
     run uuid references deepc.run on delete cascade, piece integer, number bigserial,
     good boolean not null, value text not null, machine text not null,
     made timestamptz not null default now(), primary key (run, piece))`,
  'create index if not exists result_number on deepc.result (run, number)',
  `create table if not exists deepc.worker (
     id uuid primary key, name text not null, engine text not null, threads integer not null,
     busy integer not null default 0, seen timestamptz not null default now())`,
  // pg-boss 10 sorts all that waits for every piece it gives out; with this it reads the first
  `create index if not exists deepc_next on deepc_boss.job
     (name, priority desc, created_on, id) where state < 'active'`,
];
