/** A file as the sources that `decode` takes, and streams that misbehave. */

/** `bytes` in chunks of the given sizes, over and over, and then the end. */
export function streamOf(
  bytes: Uint8Array,
  sizes: readonly number[] = [bytes.length],
): ReadableStream<Uint8Array> {
  let at = 0;
  let turn = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      const size = Math.max(1, sizes[turn++ % sizes.length]);
      controller.enqueue(bytes.slice(at, (at += size)));
    },
  });
}

/** Gives `bytes` and then waits for ever; `cancelled` tells whether it was given up. */
export function stalled(bytes: Uint8Array): {
  stream: ReadableStream<Uint8Array>;
  cancelled: () => boolean;
} {
  let gone = false;
  let given = false;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (given) return new Promise(() => undefined);
      given = true;
      return controller.enqueue(bytes);
    },
    cancel() {
      gone = true;
    },
  });
  return { stream, cancelled: () => gone };
}

export function blobOf(bytes: Uint8Array, type = ''): Blob {
  return new Blob([new Uint8Array(bytes)], { type });
}
