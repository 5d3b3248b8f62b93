/**
 * Rows of one height in a scrolling box, of which only those on the screen exist: 10,000 layers cost
 * what 40 do. Keeps a roving tab stop (arrows, Home, End, Page keys) that may lie outside the screen.
 */
export interface VirtualOptions<T> {
  readonly scroller: HTMLElement;
  /** Holds the rows and nothing else. */
  readonly body: HTMLElement;
  /** Makes room above and below the rows. */
  readonly room: (above: number, below: number) => void;
  readonly rowHeight: number;
  /** Height of what stands on top of the rows in the scroller. */
  readonly headHeight?: () => number;
  readonly make: (item: T) => HTMLElement;
  readonly update: (row: HTMLElement, item: T, index: number) => void;
  /** Element of a row that takes the focus. */
  readonly focusable: (row: HTMLElement) => HTMLElement;
  readonly onWindow?: (items: readonly T[]) => void;
  readonly onActivate: (item: T) => void;
  /** Activate while moving, as lists with a single selection do. */
  readonly follow?: boolean;
}

export class Virtual<T> {
  private items: readonly T[] = [];
  private readonly rows = new Map<T, HTMLElement>();
  private current = 0;
  private frame = 0;

  constructor(private readonly o: VirtualOptions<T>) {
    o.scroller.addEventListener('scroll', () => this.schedule(), { passive: true });
    new ResizeObserver(() => this.schedule()).observe(o.scroller);
    o.body.addEventListener('keydown', (event) => this.key(event));
    o.body.addEventListener('focusin', (event) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
      if (row) this.setCurrent(Number(row.dataset['index']));
    });
  }

  set(items: readonly T[]): void {
    const was = this.items[this.current];
    this.items = items;
    const at = was === undefined ? -1 : items.indexOf(was);
    this.current = Math.max(0, at);
    this.draw();
  }

  /** Makes an item the tab stop and brings it on the screen. */
  reveal(item: T, focus = false): void {
    const at = this.items.indexOf(item);
    if (at >= 0) this.go(at, focus);
  }

  /** Draws the rows on the screen again: their figures changed. */
  refresh(): void {
    this.schedule();
  }

  private schedule(): void {
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { scroller, body, rowHeight, room } = this.o;
    const margin = 6;
    const first = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - margin);
    const fit = Math.ceil((scroller.clientHeight || 600) / rowHeight) + 2 * margin;
    const last = Math.min(this.items.length, first + fit);
    const from = Math.min(first, Math.max(0, last - fit));
    const wanted = new Map<T, number>();
    for (let i = from; i < last; i++) wanted.set(this.items[i]!, i);
    const active = this.items[this.current];
    // a focused row stays although it is scrolled away: the focus must not be lost
    const focused = [...this.rows].find(([, row]) => row.contains(document.activeElement))?.[0];
    for (const [item, row] of this.rows)
      if (!wanted.has(item)) {
        if (item === focused) this.o.scroller.focus({ preventScroll: true });
        row.remove();
        this.rows.delete(item);
      }
    let before: Element | null = body.firstElementChild;
    for (const [item, index] of wanted) {
      let row = this.rows.get(item);
      if (!row) this.rows.set(item, (row = this.o.make(item)));
      row.dataset['index'] = String(index);
      this.o.update(row, item, index);
      this.o.focusable(row).tabIndex = item === active ? 0 : -1;
      if (row === before) before = before.nextElementSibling;
      else body.insertBefore(row, before);
    }
    // the tab stop must exist: without it the rows on the screen get one
    if (active !== undefined && !wanted.has(active)) {
      const row = this.rows.get(this.items[Math.min(last - 1, from + margin)]!);
      if (row) this.o.focusable(row).tabIndex = 0;
    }
    room(from * rowHeight, (this.items.length - last) * rowHeight);
    this.o.onWindow?.(
      [...wanted.keys()].slice(
        first === 0 ? 0 : margin,
        wanted.size - (last < this.items.length ? margin : 0),
      ),
    );
  }

  private setCurrent(index: number): void {
    const before = this.rows.get(this.items[this.current]!);
    if (before) this.o.focusable(before).tabIndex = -1;
    this.current = index;
    const row = this.rows.get(this.items[index]!);
    if (row) this.o.focusable(row).tabIndex = 0;
  }

  private go(index: number, focus: boolean): void {
    const { scroller, rowHeight } = this.o;
    const head = this.o.headHeight?.() ?? 0;
    const top = index * rowHeight;
    const room = scroller.clientHeight - head;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (room > 0 && top + rowHeight > scroller.scrollTop + room)
      scroller.scrollTop = top + rowHeight - room;
    this.setCurrent(index);
    this.draw();
    const row = this.rows.get(this.items[index]!);
    if (row && focus) this.o.focusable(row).focus({ preventScroll: true });
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.o.scroller.clientHeight / this.o.rowHeight) - 1);
    const last = this.items.length - 1;
    const next = {
      ArrowDown: this.current + 1,
      ArrowUp: this.current - 1,
      PageDown: this.current + page,
      PageUp: this.current - page,
      Home: 0,
      End: last,
    }[event.key];
    if (next === undefined) {
      const item = this.items[this.current];
      if ((event.key === 'Enter' || event.key === ' ') && item !== undefined) {
        event.preventDefault();
        this.o.onActivate(item);
      }
      return;
    }
    event.preventDefault();
    this.go(Math.min(last, Math.max(0, next)), true);
    const item = this.items[this.current];
    if (this.o.follow && item !== undefined) this.o.onActivate(item);
  }
}
