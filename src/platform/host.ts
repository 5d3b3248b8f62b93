/** Node as the engine's host (port.ts). */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import * as paths from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { writeAtomically } from './atomic.ts';
import { plainError } from './errno.ts';
import { externalResolver } from './external.ts';
import { dataPlaces, writeSet } from './file-set.ts';
import { openFile } from './files.ts';
import { placeOf, refuseClash, removeOutput } from './output.ts';
import type { Entry, Files, Host } from './port.ts';
import { checkSpace } from './space.ts';
import { disableTelemetry } from './telemetry.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { removeLeftovers } from './temporary.ts';

/** Limit of a thread's JavaScript heap; weights lie outside it. */
const heapMegabytes = 1024;

const files: Files = {
  open: openFile,
  external: externalResolver,
  write: writeAtomically,
  removeLeftovers,
  writeSet,
  place: placeOf,
  dataPlaces,
  refuseClash,
  remove: removeOutput,
  checkSpace,
  exists: fs.existsSync,
  isFolder,
  list,
  real,
  stamp,
  temporaryPlace: tmpdir,
  temporaryFolder,
};

export const host: Host = {
  hasDisk: true,
  files,
  paths,
  cores: availableParallelism,
  turn: () => new Promise((next) => setImmediate(next)),
  spawn: (file, workerData, { message, end }) => {
    const worker = new Worker(file, {
      workerData,
      stdout: true, // nothing of ours prints there; keep the command line's stdout clean
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    });
    worker.on('message', message);
    worker.on('error', end);
    worker.on('exit', end);
    return {
      post: (value) => worker.postMessage(value),
      terminate: () => worker.terminate(),
    };
  },
  sha256: (parts) => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest('hex');
  },
  bundled: (name) => fileURLToPath(new URL(`./${name}`, import.meta.url)),
  runtimePlaces: (folder) => ({ wasmPaths: pathToFileURL(`${folder}/`).href }),
  loadNative: (name) => {
    disableTelemetry();
    // found, or not, when the program runs: the bundler leaves it alone
    const load = createRequire(import.meta.url);
    return load(name) as unknown;
  },
  disableTelemetry,
};

function list(folder: string): Entry[] {
  try {
    return fs
      .readdirSync(folder, { withFileTypes: true })
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  } catch (error) {
    throw plainError(error, 'read', folder);
  }
}

function isFolder(path: string): boolean {
  try {
    return fs.statSync(path).isDirectory();
  } catch {
    return false; // opening it will say what is wrong
  }
}

function real(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch {
    return path; // opening it will say what is wrong
  }
}

function stamp(path: string): string {
  try {
    const { size, mtimeMs, ino } = fs.statSync(path);
    return `${size} ${mtimeMs} ${ino}`;
  } catch {
    return 'missing';
  }
}
