/**
 * How a job is declared: once, in a file of its own, with the shape of its input and what it does. Its
 * name is its place in the list of all (all.ts), from which types, validation and dispatch follow.
 */
import type { LayerStore } from '../simulate/layer-store.ts';
import type { Runtime } from '../input.ts';
import type { JobControl } from '../protocol.ts';
import type { AnyShape, Shape } from '../shape.ts';
import type { ViewRoom } from '../view-room.ts';
import type { OnProgress } from './progress.ts';

/** What a job is given beside its input. */
export interface JobContext<Event = never> {
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  /** Tells what the job has found so far; progress may be dropped, an event is not. */
  readonly onEvent: (event: Event) => void;
  /** What the user asks of it while it runs; undefined: nothing can be asked. */
  readonly control: JobControl | undefined;
  readonly runtime: Runtime;
  /** Prepared layers of the simulator, shared by all jobs of a program. */
  readonly layers: LayerStore;
  /** Models that are open for viewing, shared likewise. */
  readonly room: ViewRoom;
}

/** How several machines do a job: pieces are inputs of the same job, and what they give makes its result. */
export interface Pieces<Input, Result> {
  /** @throws DeepCompressionError what the job throws for such an input */
  divide(input: Input): readonly Input[];
  /** @param results of the pieces, in their order */
  join(input: Input, results: readonly Result[]): Result | Promise<Result>;
}

export interface JobDeclaration<Input, Result, Event = never> {
  readonly input: AnyShape;
  readonly run: (input: Input, context: JobContext<Event>) => Promise<Result>;
  /** undefined: no other machine does it. */
  readonly pieces?: AnyPieces;
}

/** Pieces of whatever job. */
export interface AnyPieces {
  divide(input: never): readonly object[];
  join(input: never, results: readonly never[]): unknown;
}

/**
 * Declares a job.
 * @param job.input a check for every field of `Input`: one that is forgotten does not compile
 */
export function defineJob<Input extends object, Result, Event = never>(job: {
  readonly input: Shape<Input>;
  readonly run: (input: Input, context: JobContext<Event>) => Promise<Result>;
  readonly pieces?: Pieces<Input, Result>;
}): JobDeclaration<Input, Result, Event> {
  return job as JobDeclaration<Input, Result, Event>;
}

/** Of a job that one machine does as a whole. */
export function onePiece<Input, Result>(): Pieces<Input, Result> {
  return { divide: (input) => [input], join: (_, [result]) => result };
}
