/**
 * What the engine asks of the program's environment: files, threads, the machine. `#host` is the one
 * that a bundle is built for (package.json, "imports"); host.ts is Node's. Types alone, so that every
 * environment can state them.
 */
import type { ByteSink, ByteSource } from '../model/bytes.ts';

export interface OpenFile extends ByteSource {
  close(): void;
}

export interface ExternalResolver {
  /** The same source for the same location each time. */
  (location: string): OpenFile;
  /** Closes everything that was opened. */
  closeAll(): void;
}

/** What a writer makes. */
export interface OutputKind {
  /** With its article, e.g. `a .dcz file`. */
  readonly name: string;
  /** Whether a file could be an earlier output of this kind; what it throws means no. */
  looksLike(file: ByteSource): boolean;
}

export interface OutputRule {
  readonly kind: OutputKind;
  /** Replace an earlier output that is there; without it that is an `exists` error. */
  readonly overwrite: boolean;
  /** Every file that the run reads, external data and labels included. */
  readonly inputs: readonly string[];
}

/** The file as it is being written, so that it can be read again before it gets its name. */
export interface Temporary {
  readonly path: string;
  /** Hands everything written so far to the system. */
  flush(): void;
}

export interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** Files for the time of a run, removed with it or, where that was killed, by whoever watches it. */
export interface TemporaryFolder {
  readonly path: string;
  /** A file below it, in whatever folders its name says. */
  create(name: string): ByteSink;
  close(): void;
  remove(): void;
}

/** Errors are DeepCompressionError: one line that names the path and the cause. */
export interface Files {
  /** For reading ranges. @throws `not-found`, `io` */
  open(path: string): OpenFile;
  /** The external data of a model and nothing else. */
  external(modelPath: string): ExternalResolver;
  /** Writes a file completely or not at all, and returns its bytes. */
  write(
    path: string,
    rule: OutputRule,
    fill: (sink: ByteSink, temporary: Temporary) => Promise<void> | void,
  ): Promise<number>;
  /** Removes what writing to this path has left when it was killed. */
  removeLeftovers(target: string): void;
  /** Writes a model and its data files, all or none, and returns the bytes of each. */
  writeSet(
    path: string,
    locations: readonly string[],
    rule: OutputRule,
    fill: (sink: ByteSink, file: number) => Promise<void>,
  ): Promise<number[]>;
  /**
   * Refuses what `write` would refuse, before anything is computed in vain.
   * @returns where the file goes, links followed
   */
  place(path: string, rule: OutputRule): { readonly target: string };
  /** Where the data files of a model go; all must be free. */
  dataPlaces(model: string, locations: readonly string[]): string[];
  /** Refuses outputs of one run that are one file. */
  refuseClash(outputs: readonly string[]): void;
  /** Deletes an earlier output of this kind, and no other file. */
  remove(path: string, kind: OutputKind): void;
  /** Refuses what does not fit where the file at `path` is to be written. */
  checkSpace(path: string, bytes: number, what: string): void;
  exists(path: string): boolean;
  isFolder(path: string): boolean;
  /** What is in a folder. @throws `not-found`, `io` */
  list(folder: string): readonly Entry[];
  /** The path with every link followed; the path itself where there is nothing. */
  real(path: string): string;
  /** Another text when the file has changed; `missing` when it is not there. */
  stamp(path: string): string;
  /** The folder that temporary folders are made in. */
  temporaryPlace(): string;
  /** @param prefix of its name */
  temporaryFolder(prefix: string): TemporaryFolder;
}

/** How paths are written in this environment, as `node:path` has it. */
export interface Paths {
  join(...parts: string[]): string;
  dirname(path: string): string;
  basename(path: string, ending?: string): string;
  extname(path: string): string;
  resolve(...parts: string[]): string;
  isAbsolute(path: string): boolean;
  relative(from: string, to: string): string;
}

/** Where ONNX Runtime finds its module and its wasm, as its `env.wasm` takes them. */
export interface RuntimePlaces {
  readonly wasmPaths: string | { readonly mjs: string };
  readonly wasmBinary?: Uint8Array;
}

export interface ThreadEvents {
  readonly message: (message: unknown) => void;
  /** It ended: an error, or the code that it ended with. */
  readonly end: (why: unknown) => void;
}

export interface Thread {
  post(message: unknown): void;
  terminate(): Promise<unknown>;
}

export interface Host {
  /** Whether files are those of a disk; else jobs have what they were given, in memory. */
  readonly hasDisk: boolean;
  readonly files: Files;
  readonly paths: Paths;
  /** Threads that the machine runs at once. */
  cores(): number;
  /** Lets the event loop turn, so that signals and messages get through. */
  turn(): Promise<void>;
  /**
   * @param file of the bundled worker
   * @param data that it starts with
   */
  spawn(file: string, data: unknown, events: ThreadEvents): Thread;
  /** SHA-256 of parts one after another, as lower-case hexadecimal digits. */
  sha256(parts: Iterable<Uint8Array | string>): string;
  /** A file that the build has put beside the bundle. */
  bundled(name: string): string;
  /** @param folder that holds them, where there are folders */
  runtimePlaces(folder: string): RuntimePlaces;
  /** A package with native code, by name or folder. @throws Error when it is not installed */
  loadNative(name: string): unknown;
  /** Keeps native code in this process from sending anything (telemetry.ts). */
  disableTelemetry(): void;
}
