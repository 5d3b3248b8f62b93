/** New fields of messages. Source: the Protocol Buffers encoding guide. */
import { memorySource, type ByteSource } from '../bytes.ts';
import type { Field, Message } from './edit-message.ts';
import { joined, signedVarint, varint } from './varint.ts';
import { wireBytes, wireFixed32, wireVarint } from './wire.ts';

const encoder = new TextEncoder();
const tag = (number: number, wire: number): Uint8Array => varint(number * 8 + wire);

/** A new field whose value is these bytes. */
export function bytesField(number: number, value: Uint8Array): Field {
  return newField(number, wireBytes, varint(value.length), value);
}

export function textField(number: number, text: string): Field {
  return bytesField(number, encoder.encode(text));
}

/** A whole number up to 2^53 either way. */
export function intField(number: number, value: number): Field {
  return newField(number, wireVarint, new Uint8Array(0), signedVarint(value));
}

export function floatField(number: number, value: number): Field {
  const bytes = new Uint8Array(Float32Array.of(value).buffer);
  return newField(number, wireFixed32, new Uint8Array(0), bytes);
}

export function messageField(number: number, message: Message): Field {
  return { ...newField(number, wireBytes, varint(0), new Uint8Array(0)), message };
}

/** A new field whose value is read when the file is written: for payloads too large to hold. */
export function payloadField(number: number, payload: ByteSource): Field {
  const head = joined([tag(number, wireBytes), varint(payload.size)]);
  const source: ByteSource = {
    name: payload.name,
    size: head.length + payload.size,
    readInto(target, offset) {
      const inHead = Math.max(0, Math.min(target.length, head.length - offset));
      if (inHead > 0) target.set(head.subarray(offset, offset + inHead));
      if (inHead < target.length)
        payload.readInto(target.subarray(inHead), offset + inHead - head.length);
    },
  };
  const tagLength = tag(number, wireBytes).length;
  const at = { lengthAt: tagLength, valueAt: head.length };
  return { source, number, wire: wireBytes, start: 0, ...at, end: source.size };
}

function newField(number: number, wire: number, length: Uint8Array, value: Uint8Array): Field {
  const head = tag(number, wire);
  const bytes = joined([head, length, value]);
  const lengthAt = head.length;
  const valueAt = lengthAt + length.length;
  const source = memorySource('new', bytes);
  return { source, number, wire, start: 0, lengthAt, valueAt, end: bytes.length };
}
