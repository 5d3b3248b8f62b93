/**
 * The machine, plainly: every unit of eie-spec section 3 as a small object with registers, stepped
 * cycle by cycle in two phases. In `compute` a unit reads only what other units show at the end of
 * the cycle before and remembers its own next state; in `commit` it takes that state over. Neither
 * phase depends on the order in which units are visited, and `order` lets a test shuffle it.
 *
 * Slow and readable on purpose: it is what the fast engine is tested against, and what a trace of
 * the pipeline stages comes from. Source: paper sections III and IV; timing as in eie-spec.
 */
import type { Arithmetic } from '../../../src/eie/arithmetic.ts';
import type { Encoding } from '../../../src/eie/encode.ts';
import type { Entries } from './entries.ts';

export interface ReferenceOptions {
  readonly ring: number;
  /** Entries in one SRAM row. */
  readonly perRow: number;
  readonly detect: 'positive' | 'nonzero';
  /** Order in which the units 0 .. n-1 are visited; asked once for each phase of each cycle. */
  readonly order?: (units: number) => ArrayLike<number>;
  /** Called at the end of each cycle. */
  readonly onCycle?: (cycle: number, machine: ReferenceMachine) => void;
  /** False: the arithmetic unit without its bypass, wrong on purpose (hazard test). */
  readonly forwarding?: boolean;
}

export interface ReferenceResult {
  readonly cycles: number;
  readonly broadcastStalls: number;
  readonly pointerReads: number;
  readonly spmatReads: number;
  readonly entriesPerPe: Int32Array;
  readonly emptyLookupsPerPe: Int32Array;
  readonly starvedPerPe: Int32Array;
  readonly validWrites: number;
  readonly queueHighWater: number;
  readonly forwards: number;
  readonly saturations: number;
  /** One float32 a row, before ReLU. */
  readonly output: Float32Array;
}

interface Unit {
  compute(): void;
  commit(): void;
}

interface Item {
  readonly column: number;
  readonly value: number;
}

/** Group sequencer and leading-non-zero detection (3.1, 3.2). Groups 0 .. G-1, bias, then empty. */
class Scanner implements Unit {
  group = -1;
  from = 0;
  stalls = 0;
  private nextGroup = -1;
  private nextFrom = 0;

  constructor(
    private readonly machine: ReferenceMachine,
    private readonly encoding: Encoding,
    private readonly arithmetic: Arithmetic,
    private readonly nonzero: boolean,
  ) {}

  private lane(l: number): number {
    const { groups, pes, cols, hasBias } = this.encoding;
    if (hasBias && this.group === groups && l === 0) return this.arithmetic.one;
    const column = this.group * pes + l;
    return this.group >= 0 && column < cols ? this.arithmetic.activations[column] : 0;
  }

  /** Lane of the hit, -1 when there is none. The bias lane is always one, however 1.0 is held. */
  hitLane(): number {
    const { groups, pes, hasBias } = this.encoding;
    for (let l = this.from; l < pes; l++) {
      const value = this.lane(l);
      if (value > 0 || (this.nonzero && value < 0)) return l;
      if (hasBias && this.group === groups && l === 0) return l;
    }
    return -1;
  }

  hit(): Item | null {
    const l = this.hitLane();
    return l < 0 ? null : { column: this.group * this.encoding.pes + l, value: this.lane(l) };
  }

  exhausted(): boolean {
    const { groups, hasBias } = this.encoding;
    return this.group >= groups - 1 + (hasBias ? 1 : 0);
  }

  compute(): void {
    const lane = this.hitLane();
    this.nextGroup = this.group;
    this.nextFrom = this.from;
    if (lane >= 0 && this.machine.blocked) this.stalls++;
    else if (lane < 0 || lane === this.encoding.pes - 1) {
      this.nextGroup = this.group + 1;
      this.nextFrom = 0;
    } else this.nextFrom = lane + 1;
  }

  commit(): void {
    this.group = this.nextGroup;
    this.from = this.nextFrom;
  }
}

/** Activation queue (3.3). */
class Queue implements Unit {
  items: readonly Item[] = [];
  highWater = 0;
  private next: readonly Item[] = [];

  constructor(
    private readonly machine: ReferenceMachine,
    private readonly pe: number,
    private readonly depth: number,
  ) {}

  full(): boolean {
    return this.items.length === this.depth;
  }

  compute(): void {
    const left = this.machine.walkers[this.pe].takes() ? this.items.slice(1) : this.items;
    const { broadcast } = this.machine;
    this.next = broadcast === null ? left : [...left, broadcast];
  }

  commit(): void {
    this.items = this.next;
    this.highWater = Math.max(this.highWater, this.items.length);
  }
}

interface Column {
  readonly column: number;
  readonly value: number;
  /** Entry pointed at, in the PE's own list; no entry when cur = end. */
  readonly cur: number;
  readonly end: number;
}

/** Pointer read and entry counter (3.4). */
class Walker implements Unit {
  held: Column | null = null;
  pointerReads = 0;
  entries = 0;
  emptyLookups = 0;
  starved = 0;
  private next: Column | null = null;

  constructor(
    private readonly machine: ReferenceMachine,
    private readonly encoding: Encoding,
    private readonly pe: number,
  ) {}

  /** Takes the queue's head in the coming cycle. */
  takes(): boolean {
    const { held } = this;
    const ready = held === null || held.cur >= held.end - 1;
    return ready && this.machine.queues[this.pe].items.length > 0;
  }

  compute(): void {
    const { held } = this;
    if (this.takes()) {
      const { column, value } = this.machine.queues[this.pe].items[0];
      const { ptr, pes } = this.encoding;
      const at = column * pes + this.pe;
      this.next = { column, value, cur: ptr[at], end: ptr[at + pes] };
      this.pointerReads++;
    } else if (held !== null && held.cur < held.end - 1) this.next = { ...held, cur: held.cur + 1 };
    else this.next = null;
  }

  commit(): void {
    this.held = this.next;
    if (this.held === null) this.starved++;
    else if (this.held.cur < this.held.end) this.entries++;
    else this.emptyLookups++;
  }
}

interface Fetched {
  readonly code: number;
  readonly gap: number;
  readonly value: number;
  readonly last: boolean;
  /** The SRAM was read for it; else the row latch had it. */
  readonly read: boolean;
}

/** Sparse-matrix read with its row latch (3.5). */
class SpmatRead implements Unit {
  held: Fetched | null = null;
  reads = 0;
  private latch = -1;
  private next: Fetched | null = null;

  constructor(
    private readonly machine: ReferenceMachine,
    private readonly entries: Entries,
    private readonly pe: number,
    private readonly perRow: number,
  ) {}

  compute(): void {
    const walked = this.machine.walkers[this.pe].held;
    this.next = null;
    if (walked === null || walked.cur >= walked.end) return;
    const row = Math.floor(walked.cur / this.perRow);
    const read = row !== this.latch;
    if (read) this.reads++;
    this.latch = row; // seen by no other unit
    const at = this.entries.base[this.pe] + walked.cur;
    this.next = {
      code: this.entries.code[at],
      gap: this.entries.gap[at],
      value: walked.value,
      last: walked.cur === walked.end - 1,
      read,
    };
  }

  commit(): void {
    this.held = this.next;
  }
}

/** A1: code -> weight, and the local row. */
interface Decoded {
  readonly row: number;
  readonly code: number;
  readonly weight: number;
  readonly value: number;
}
/** A2: product; the accumulator is read at the end of the cycle. */
interface Multiplied {
  readonly row: number;
  readonly product: number;
}
/** A3: sum. */
interface Summed {
  readonly row: number;
  readonly sum: number;
  readonly forwarded: boolean;
}

/** Arithmetic pipeline with bypass, and write-back (3.6). */
class Arith implements Unit {
  a1: Decoded | null = null;
  a2: Multiplied | null = null;
  a3: Summed | null = null;
  /** What was committed in this cycle. */
  committed: Summed | null = null;
  readonly accumulators: Float64Array;
  writes = 0;
  forwards = 0;
  saturations = 0;
  private base = 0;
  private next: [Decoded | null, Multiplied | null, Summed | null] = [null, null, null];

  constructor(
    private readonly machine: ReferenceMachine,
    private readonly arithmetic: Arithmetic,
    private readonly pe: number,
    localRows: number,
    private readonly forwarding: boolean,
  ) {
    this.accumulators = new Float64Array(localRows);
  }

  compute(): void {
    const { arithmetic } = this;
    const m = this.machine.spmats[this.pe].held;
    let a1: Decoded | null = null;
    if (m !== null) {
      const row = this.base + m.gap;
      a1 = { row, code: m.code, weight: arithmetic.weights[m.code], value: m.value };
      this.base = m.last ? 0 : row + 1;
    }
    let a2: Multiplied | null = null;
    if (this.a1 !== null && this.a1.code !== 0)
      a2 = { row: this.a1.row, product: arithmetic.product(this.a1.weight, this.a1.value) };
    let a3: Summed | null = null;
    if (this.a2 !== null) {
      const { row, product } = this.a2;
      const forwarded = this.forwarding && this.a3 !== null && this.a3.row === row;
      const operand = forwarded ? (this.a3 as Summed).sum : this.accumulators[row];
      const sum = arithmetic.sum(operand, product);
      const held = Math.min(arithmetic.high, Math.max(arithmetic.low, sum));
      if (held !== sum) this.saturations++;
      if (forwarded) this.forwards++;
      a3 = { row, sum: held, forwarded };
    }
    this.next = [a1, a2, a3];
  }

  commit(): void {
    this.committed = this.a3;
    if (this.a3 !== null) {
      this.accumulators[this.a3.row] = this.a3.sum;
      this.writes++;
    }
    [this.a1, this.a2, this.a3] = this.next;
  }

  empty(): boolean {
    return !(this.a1 ?? this.a2 ?? this.a3 ?? this.committed);
  }
}

/** All units of a machine; the fields are what a trace may look at. */
export class ReferenceMachine {
  readonly scanner: Scanner;
  readonly queues: readonly Queue[];
  readonly walkers: readonly Walker[];
  readonly spmats: readonly SpmatRead[];
  readonly ariths: readonly Arith[];
  private readonly units: readonly Unit[];

  constructor(
    readonly encoding: Encoding,
    entries: Entries,
    arithmetic: Arithmetic,
    options: ReferenceOptions,
  ) {
    const { pes, rows } = encoding;
    const each = <T>(make: (p: number) => T): T[] => Array.from({ length: pes }, (_, p) => make(p));
    this.scanner = new Scanner(this, encoding, arithmetic, options.detect === 'nonzero');
    this.queues = each((p) => new Queue(this, p, options.ring - 1));
    this.walkers = each((p) => new Walker(this, encoding, p));
    this.spmats = each((p) => new SpmatRead(this, entries, p, options.perRow));
    const forwarding = options.forwarding ?? true;
    this.ariths = each(
      (p) => new Arith(this, arithmetic, p, Math.max(0, Math.ceil((rows - p) / pes)), forwarding),
    );
    this.units = [this.scanner, ...this.queues, ...this.walkers, ...this.spmats, ...this.ariths];
  }

  /** The two wires all units share: some queue is full, and the item that enters all queues. */
  blocked = false;
  broadcast: Item | null = null;

  step(order: (units: number) => ArrayLike<number>): void {
    const { units } = this;
    this.blocked = this.queues.some((q) => q.full());
    this.broadcast = this.blocked ? null : this.scanner.hit();
    const computing = order(units.length);
    for (let i = 0; i < units.length; i++) units[computing[i]].compute();
    const committing = order(units.length);
    for (let i = 0; i < units.length; i++) units[committing[i]].commit();
  }

  /** The corrected end test (eie-spec section 4). */
  done(): boolean {
    return (
      this.scanner.exhausted() &&
      this.scanner.hitLane() < 0 &&
      this.queues.every((q) => q.items.length === 0) &&
      this.walkers.every((w) => w.held === null) &&
      this.spmats.every((m) => m.held === null) &&
      this.ariths.every((a) => a.empty())
    );
  }
}

/** Runs a layer to its end, cycle by cycle. */
export function runReference(
  encoding: Encoding,
  entries: Entries,
  arithmetic: Arithmetic,
  options: ReferenceOptions,
): ReferenceResult {
  const machine = new ReferenceMachine(encoding, entries, arithmetic, options);
  const natural = Int32Array.from({ length: 1 + 4 * encoding.pes }, (_, i) => i);
  const order = options.order ?? (() => natural);
  let cycle = 0;
  do {
    cycle++;
    machine.step(order);
    options.onCycle?.(cycle, machine);
  } while (cycle < 9 || !machine.done());

  const { walkers, spmats, ariths, queues, scanner } = machine;
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const output = new Float32Array(encoding.rows);
  for (let r = 0; r < output.length; r++) {
    const unit = ariths[r % encoding.pes];
    output[r] = arithmetic.toFloat(unit.accumulators[Math.floor(r / encoding.pes)]);
  }
  return {
    cycles: cycle,
    broadcastStalls: scanner.stalls,
    pointerReads: sum(walkers.map((w) => w.pointerReads)),
    spmatReads: sum(spmats.map((m) => m.reads)),
    entriesPerPe: Int32Array.from(walkers, (w) => w.entries),
    emptyLookupsPerPe: Int32Array.from(walkers, (w) => w.emptyLookups),
    starvedPerPe: Int32Array.from(walkers, (w) => w.starved),
    validWrites: sum(ariths.map((a) => a.writes)),
    queueHighWater: queues.reduce((most, q) => Math.max(most, q.highWater), 0),
    forwards: sum(ariths.map((a) => a.forwards)),
    saturations: sum(ariths.map((a) => a.saturations)),
    output,
  };
}
