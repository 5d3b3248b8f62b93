/**
 * A model that also gives out inner values: a second `graph` field behind the file, holding nothing
 * but outputs. Protocol buffers join the two (a message that occurs twice is merged, its lists one
 * after another), so not a byte of the model changes and no payload is read to be written again.
 */
const utf8 = new TextEncoder();
const graphField = 7; // ModelProto.graph
const outputField = 12; // GraphProto.output
const nameField = 1; // ValueInfoProto.name

/** The bytes to put behind a ModelProto; runtimes infer the types of the named values. */
export function outputsSuffix(names: readonly string[]): Uint8Array<ArrayBuffer> {
  return field(
    graphField,
    joined(names.map((name) => field(outputField, field(nameField, utf8.encode(name))))),
  );
}

function field(number: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const head: number[] = [(number << 3) | 2];
  let length = content.length;
  for (; length > 127; length = Math.floor(length / 128)) head.push((length % 128) | 128);
  head.push(length);
  return joined([Uint8Array.from(head), content]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
