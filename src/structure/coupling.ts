/**
 * Which places along the axes of values must be removed together. A slot is one index along one axis of a
 * value or a tensor; slots that an operator ties to one another form a channel: removing one of them removes
 * all (union-find, Tarjan 1975). A channel that something needs whole is fixed, with the reason that was
 * found first; one whose removal changes what is left of a mean or a variance is marked.
 */

/** Slots of the indices along one axis; `whole` at indices that stay. */
export type Slots = Int32Array;

/** Stands for an index that cannot be removed. */
export const whole = -1;

export class Coupling {
  readonly #parent: number[] = [];
  readonly #fixed = new Map<number, string>();
  readonly #marked = new Map<number, string>();

  /** New slots, each a channel of its own. */
  make(count: number): Slots {
    const from = this.#parent.length;
    for (let i = 0; i < count; i++) this.#parent.push(from + i);
    return Int32Array.from({ length: count }, (_, i) => from + i);
  }

  /** The channel of a slot: the same number for all that go together. */
  channelOf(slot: number): number {
    const parent = this.#parent;
    let root = slot;
    while (parent[root] !== root) root = parent[root];
    for (let at = slot; at !== root;) {
      const next = parent[at];
      parent[at] = root;
      at = next;
    }
    return root;
  }

  /** @param why the reason where one of the two stays whole */
  join(a: number, b: number, why: string): void {
    if (a === whole && b === whole) return;
    if (a === whole || b === whole) return this.fix(a === whole ? b : a, why);
    const x = this.channelOf(a);
    const y = this.channelOf(b);
    if (x === y) return;
    const [root, child] = x < y ? [x, y] : [y, x];
    this.#parent[child] = root;
    for (const notes of [this.#fixed, this.#marked]) {
      const note = notes.get(child);
      if (note !== undefined && !notes.has(root)) notes.set(root, note);
    }
  }

  /** Joins index by index; where one side has no slots, the other stays whole. */
  joinAll(a: Slots | undefined, b: Slots | undefined, why: string): void {
    if (a && b) for (let i = 0; i < a.length; i++) this.join(a[i], b[i], why);
    else this.fixAll(a ?? b, why);
  }

  fix(slot: number, why: string): void {
    if (slot === whole) return;
    const channel = this.channelOf(slot);
    if (!this.#fixed.has(channel)) this.#fixed.set(channel, why);
  }

  fixAll(slots: Slots | undefined, why: string): void {
    for (const slot of slots ?? []) this.fix(slot, why);
  }

  /** Says that what is computed over these slots changes with every one that goes. */
  markAll(slots: Slots | undefined, what: string): void {
    for (const slot of slots ?? []) {
      if (slot === whole) continue;
      const channel = this.channelOf(slot);
      if (!this.#marked.has(channel)) this.#marked.set(channel, what);
    }
  }

  /** Why a slot stays; undefined: it can be removed. */
  whyFixed(slot: number): string | undefined {
    return slot === whole ? 'it stays whole' : this.#fixed.get(this.channelOf(slot));
  }

  whatChanges(slot: number): string | undefined {
    return slot === whole ? undefined : this.#marked.get(this.channelOf(slot));
  }
}
