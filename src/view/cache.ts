/**
 * What was computed is kept up to a budget of bytes and given up in the order it was last used. One
 * cache serves every open model; what a model owns goes when it closes.
 */
export class ByteCache {
  readonly #entries = new Map<string, { readonly value: unknown; readonly bytes: number }>();
  #bytes = 0;

  constructor(readonly budget: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** The value under `key`, now the most recently used. Keys begin with their owner. */
  get<T>(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value as T;
  }

  /** Keeps `value`, if it fits at all; the least recently used make room for it. */
  set<T>(key: string, value: T, bytes: number): T {
    this.#drop(key);
    if (bytes > this.budget) return value;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes + bytes <= this.budget) break;
      this.#drop(oldest);
    }
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    return value;
  }

  /** Everything whose key begins with `prefix` goes. */
  forget(prefix: string): void {
    for (const key of [...this.#entries.keys()]) if (key.startsWith(prefix)) this.#drop(key);
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}

/** Bytes of the typed arrays that an object holds directly. */
export function bytesHeld(value: object): number {
  let bytes = 0;
  for (const part of Object.values(value)) if (ArrayBuffer.isView(part)) bytes += part.byteLength;
  return bytes;
}
