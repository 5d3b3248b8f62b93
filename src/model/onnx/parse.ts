/** What the parsers of one file share: the reader, the growing index, and the limits. */
import { mostTensors } from '../model.ts';
import type { MessageSpan, TensorRecord } from './record.ts';
import type { WireReader } from './wire.ts';

/** Nodes, names and attributes together; the largest unrolled models have a quarter of it. */
const mostThings = 4_000_000;

export class Parse {
  readonly tensors: TensorRecord[] = [];
  #left = mostThings;

  constructor(readonly reader: WireReader) {}

  /** Takes `things` from the allowance that keeps a hostile file from filling the memory. */
  spend(things: number): void {
    this.#left -= things;
    if (this.#left < 0) {
      this.reader.fail(`more than ${mostThings} nodes, names and attributes`);
    }
  }

  /** `record.id` is the number of tensors before it; not copied: there may be very many. */
  addTensor(record: TensorRecord): number {
    this.spend(8);
    if (this.tensors.push(record) > mostTensors)
      this.reader.fail(`more than ${mostTensors} tensors`);
    return record.id;
  }

  /** The message whose length is read next, inside `parent`. */
  enter(parent: MessageSpan): MessageSpan {
    const lengthAt = this.reader.position;
    const end = this.reader.length(parent.end);
    return { lengthAt, start: this.reader.position, end, parent };
  }
}
