/**
 * The bytes of a `.dcz` as they arrive, whatever they come from. A response is looked at before its
 * first byte is read: an error or a page in a model's place is said at once.
 */
import { DeepCompressionError } from '../model/errors.ts';

/** What can be decoded. A stream or a response is used up. */
export type DecodeSource =
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | Response
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

/** A source opened: its bytes are pulled one chunk after another. */
export interface Input {
  /** What to call it in an error line. */
  readonly name: string;
  /** Undefined after the last chunk. */
  next(): Promise<Uint8Array | undefined>;
  /** Gives up what has not arrived. */
  cancel(): void;
}

/** @throws DeepCompressionError `io` for a response that is no file, `invalid-input` for no source. */
export function openInput(source: DecodeSource): Input {
  if (source instanceof ArrayBuffer) return single(new Uint8Array(source));
  if (ArrayBuffer.isView(source)) {
    return single(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  }
  if (source instanceof Response) return ofResponse(source);
  if (source instanceof Blob) {
    const name = 'name' in source && typeof source.name === 'string' ? source.name : unnamed;
    return ofStream(name, source.stream());
  }
  if (source instanceof ReadableStream) return ofStream(unnamed, source);
  if (typeof source === 'object' && source !== null && Symbol.asyncIterator in source) {
    return ofIterable(source);
  }
  throw new DeepCompressionError(
    'invalid-input',
    'a .dcz is decoded from bytes, a Blob, a Response or a stream of bytes, and this is none of them',
  );
}

const unnamed = 'model.dcz';

function single(bytes: Uint8Array): Input {
  let left: Uint8Array | undefined = bytes;
  return {
    name: unnamed,
    next() {
      const chunk = left;
      left = undefined;
      return Promise.resolve(chunk);
    },
    cancel() {},
  };
}

function ofResponse(response: Response): Input {
  const name = nameOf(response.url);
  const refuse = (what: string): never => {
    void response.body?.cancel().catch(() => undefined);
    throw new DeepCompressionError('io', `${name}: ${what}`);
  };
  if (!response.ok && response.type !== 'opaque') {
    refuse(`the server answered ${`${response.status} ${response.statusText}`.trim()}`);
  }
  const type = response.headers.get('content-type') ?? '';
  if (/^text\/html\b/i.test(type)) {
    refuse('the server answered with a web page in its place: look at the address');
  }
  const { body } = response;
  if (body === null) return refuse('the server answered without content');
  if (response.bodyUsed) return refuse('its content was read before: fetch it again');
  return ofStream(name, body);
}

/** The last part of an address. */
function nameOf(url: string): string {
  const path = url.replace(/[?#].*$/, '');
  return path.slice(path.lastIndexOf('/') + 1) || unnamed;
}

function ofStream(name: string, stream: ReadableStream<Uint8Array>): Input {
  const reader = stream.getReader();
  return {
    name,
    next: () => arrived(name, async () => (await reader.read()).value),
    cancel: () => void reader.cancel().catch(() => undefined),
  };
}

function ofIterable(iterable: AsyncIterable<Uint8Array>): Input {
  const iterator = iterable[Symbol.asyncIterator]();
  // streams of files in Node know their path
  const name = 'path' in iterable ? nameOf(String(iterable.path)) : unnamed;
  return {
    name,
    next: () =>
      arrived(name, async () => {
        const { done, value } = await iterator.next();
        return done === true ? undefined : value;
      }),
    cancel: () => void Promise.resolve(iterator.return?.()).catch(() => undefined),
  };
}

async function arrived(
  name: string,
  read: () => Promise<Uint8Array | undefined>,
): Promise<Uint8Array | undefined> {
  let chunk: unknown;
  try {
    chunk = await read();
  } catch (error) {
    if (error instanceof DeepCompressionError) throw error;
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new DeepCompressionError('io', `${name}: the transfer broke off (${why}): try again`, {
      cause: error,
    });
  }
  if (chunk === undefined || chunk instanceof Uint8Array) return chunk;
  throw new DeepCompressionError('invalid-input', `${name}: a stream of something else than bytes`);
}
