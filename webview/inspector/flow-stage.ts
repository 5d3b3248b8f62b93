/**
 * The drawing of the data flow in its scrolling box. Of a large model only what is near the screen is
 * drawn. Keeps a roving tab stop: arrow keys follow the flow, Page keys jump, Home and End go to its
 * ends, Enter or a double click opens. The lines of the node at hand are lit.
 */
import { flowGraph, flowTop, type FlowItem } from '../charts/flow-graph.ts';
import type { FlowLayout } from '../charts/flow-layout.ts';
import { toElement } from '../charts/svg.ts';
import { el } from '../ui/dom.ts';
import type { Links } from './flow-links.ts';

/** Up to this many nodes are drawn whole, and up to the other number exported whole. */
const drawnWhole = 400;
const exportedWhole = 3000;
/** Pixels beyond the screen that are drawn of a larger one. */
const beyond = 900;
/** Rows that a Page key goes over. */
const page = 8;
/** Pixels between the node at hand and the edge of the box. */
const room = 40;

export interface Flow {
  readonly items: readonly FlowItem[];
  readonly layout: FlowLayout;
  readonly links: Links;
  readonly summary: string;
}

export class FlowStage {
  readonly element = el('div', { class: 'flow-stage' });
  private flow: Flow | undefined;
  private current = 0;
  private drawnTop = 0;
  private width = 0;
  private frame = 0;

  constructor(
    private readonly on: {
      /** The node at hand is another one. */
      readonly choose: (at: number) => void;
      readonly open: (at: number) => void;
    },
  ) {
    const { element } = this;
    new ResizeObserver(() => {
      if (Math.floor(element.clientWidth) !== this.width) this.redraw();
    }).observe(element);
    element.addEventListener('scroll', () => this.scrolled(), { passive: true });
    element.addEventListener('keydown', (event) => this.key(event));
    element.addEventListener('focusin', (event) => this.choose(nodeOf(event.target)));
    element.addEventListener('click', (event) => this.go(nodeOf(event.target)));
    element.addEventListener('dblclick', (event) => {
      const at = nodeOf(event.target);
      if (at >= 0) on.open(at);
    });
  }

  /** Shows other figures, or begins with node `first`. */
  show(flow: Flow, first?: number): void {
    this.flow = flow;
    if (first !== undefined) this.current = first;
    this.redraw();
    if (first === undefined) return;
    const { element } = this;
    const middle = element.scrollWidth / 2 - flow.layout.width / 2 + flow.layout.x[first]!;
    element.scrollLeft = middle - element.clientWidth / 2;
    const down = flowTop(flow.items, flow.layout, first);
    if (down > element.clientHeight - room) element.scrollTop = down - element.clientHeight / 2;
  }

  /** Takes the focus to a node, and brings it on the screen. */
  go(at: number): void {
    const { element, flow } = this;
    if (!flow?.items[at]) return;
    const middle = flowTop(flow.items, flow.layout, at);
    if (
      middle < element.scrollTop + room ||
      middle > element.scrollTop + element.clientHeight - room
    )
      element.scrollTop = middle - element.clientHeight / 2;
    if (!this.nodeAt(at)) this.redraw();
    this.choose(at);
    this.nodeAt(at)?.focus({ preventScroll: true });
    this.nodeAt(at)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  /** For files: the whole drawing, unless it is beyond reason. */
  svg(): SVGElement | undefined {
    if (this.flow && this.flow.items.length <= exportedWhole && !this.isWhole) {
      this.redraw(true);
      this.frame ||= requestAnimationFrame(() => {
        this.frame = 0;
        this.redraw();
      });
    }
    return this.element.querySelector('svg') ?? undefined;
  }

  private get isWhole(): boolean {
    return (this.flow?.items.length ?? 0) <= drawnWhole;
  }

  private redraw(whole = this.isWhole): void {
    const { element, flow } = this;
    this.width = Math.floor(element.clientWidth);
    if (!flow || this.width < 60) return;
    const focused = element.contains(document.activeElement) && document.activeElement !== element;
    const { scrollTop, clientHeight } = element;
    this.drawnTop = scrollTop;
    const view = { top: scrollTop - beyond, bottom: scrollTop + clientHeight + beyond };
    const { items, layout, summary } = flow;
    // two pixels are the box's own frame
    const options = { width: this.width - 2, summary, ...(!whole && { view }) };
    element.replaceChildren(toElement(flowGraph(items, layout, options)));
    const nodes = [...element.querySelectorAll<SVGElement>('[data-node]')];
    const stop = this.nodeAt(this.current) ?? nodes[0];
    for (const n of nodes) n.setAttribute('tabindex', n === stop ? '0' : '-1');
    this.light();
    if (focused) this.nodeAt(this.current)?.focus({ preventScroll: true });
  }

  private scrolled(): void {
    if (this.isWhole || Math.abs(this.element.scrollTop - this.drawnTop) < beyond / 2) return;
    this.redraw();
  }

  private choose(at: number): void {
    if (at < 0 || at === this.current) return;
    this.nodeAt(this.current)?.setAttribute('tabindex', '-1');
    this.current = at;
    this.nodeAt(at)?.setAttribute('tabindex', '0');
    this.light();
    this.on.choose(at);
  }

  private light(): void {
    const { element, flow, current } = this;
    if (!flow) return;
    const before = new Set(flow.links.before(current));
    const rank = flow.items[current]?.rank ?? 0;
    for (const line of element.querySelectorAll('.flow-line[data-from]')) {
      const [from, to, at] = ['data-from', 'data-to', 'data-rank'].map((n) =>
        Number(line.getAttribute(n)),
      ) as [number, number, number];
      // a line that several share is lit as far down as the node
      const lit =
        from === current || to === current || (to < 0 && before.has(from) && at < rank - 1);
      line.classList.toggle('lit', lit);
    }
    for (const n of element.querySelectorAll('[data-node]'))
      n.classList.toggle('current', nodeOf(n) === current);
  }

  private key(event: KeyboardEvent): void {
    const { flow, current } = this;
    if (event.ctrlKey || event.metaKey || event.altKey || !flow?.items[current]) return;
    const { layout, links, items } = flow;
    const { rows } = layout;
    const { rank } = items[current];
    const nearest = (list: readonly number[] = []): number | undefined =>
      [...list].sort(
        (a, b) =>
          Math.abs(layout.x[a]! - layout.x[current]!) - Math.abs(layout.x[b]! - layout.x[current]!),
      )[0];
    const beside = (by: number): number | undefined =>
      rows[rank]?.[rows[rank].indexOf(current) + by];
    const far = (by: number): number | undefined =>
      nearest(rows[Math.min(rows.length - 1, Math.max(0, rank + by))]);
    const ways: Readonly<Record<string, () => number | undefined>> = {
      ArrowDown: () => nearest(links.after(current)),
      ArrowUp: () => nearest(links.before(current)),
      ArrowLeft: () => beside(-1),
      ArrowRight: () => beside(1),
      PageDown: () => far(page),
      PageUp: () => far(-page),
      Home: () => rows[0]?.[0],
      End: () => rows.at(-1)?.[0],
    };
    const next = ways[event.key]?.();
    if (event.key === 'Enter' || event.key === ' ') this.on.open(current);
    else if (!(event.key in ways)) return;
    event.preventDefault();
    if (next !== undefined) this.go(next);
  }

  private nodeAt(at: number): SVGElement | null {
    return this.element.querySelector<SVGElement>(`[data-node="${at}"]`);
  }
}

function nodeOf(target: EventTarget | null): number {
  const text = (target as Element | null)?.closest('[data-node]')?.getAttribute('data-node');
  return text === null || text === undefined ? -1 : Number(text);
}
