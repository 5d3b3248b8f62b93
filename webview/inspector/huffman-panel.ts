/** Layer > Huffman: the tree of weight codes or of index gaps, the code table, the walk of a symbol. */
import { bitsOfWord, foldedToFit, huffmanTree, leavesBelow } from '../charts/huffman-tree.ts';
import { toElement } from '../charts/svg.ts';
import type { HuffmanView, LayerSummary } from '../../src/engine/protocol-view.ts';
import { el, fill } from '../ui/dom.ts';
import { exportMenu } from '../ui/export-menu.ts';
import { formatBytes, formatExact, formatShare, formatSmall } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import { columnNames, shownText, type Table } from '../ui/table.ts';
import { Abandoned, type Ask } from './asker.ts';
import type { InspectorStrings } from './strings.ts';

/** Leaves that are drawn at first. */
const firstRows = 64;

export class HuffmanPanel {
  readonly element: HTMLElement;
  private readonly control = new AbortController();
  private view: HuffmanView | undefined;
  private folded = new Set<number>();
  private walk = -1;
  private focused = 0;
  private readonly sentence = el('p', { class: 'sentence' });
  private readonly note = el('p', { class: 'muted' });
  private readonly tree = el('div', { class: 'table-box tree-box', tabindex: -1 });
  private readonly table = el('div', { class: 'table-box code-box', role: 'region', tabindex: 0 });

  constructor(
    private readonly layer: LayerSummary,
    private readonly ask: Ask,
    private readonly t: InspectorStrings,
    out: Output,
  ) {
    const gaps = (layer.coded?.indexBits ?? 0) > 0;
    const which = el(
      'select',
      { 'aria-label': t.whichCode },
      el('option', { value: 'values' }, t.streamValues),
      el('option', { value: 'gaps' }, t.streamGaps),
    );
    which.addEventListener('change', () => void this.load(which.value as 'values' | 'gaps'));
    const link = (label: string, run: () => void): HTMLElement => {
      const made = el('button', { type: 'button', class: 'link' }, label);
      made.addEventListener('click', run);
      return made;
    };
    this.table.setAttribute('aria-label', t.codeTable);
    this.element = el(
      'div',
      { class: 'panel' },
      el(
        'section',
        { 'aria-labelledby': 'huffman-heading' },
        el(
          'div',
          { class: 'section-head' },
          el('h3', { id: 'huffman-heading' }, t.huffman),
          el(
            'div',
            { class: 'tools' },
            gaps ? which : null,
            link(t.expandAll, () => {
              this.folded.clear();
              this.draw();
            }),
            exportMenu(
              {
                ...{ name: 'huffman', heading: t.huffman },
                svg: () => this.tree.querySelector('svg') ?? undefined,
                table: () => this.view && this.tableData(this.view),
              },
              t,
              out,
            ),
          ),
        ),
        el('p', { class: 'caption' }, t.huffmanHint),
        this.sentence,
        this.note,
        el('div', { class: 'huffman' }, this.tree, this.table),
      ),
    );
    this.tree.addEventListener('keydown', (event) => this.key(event));
    this.tree.addEventListener('click', (event) => {
      const at = nodeOf(event.target);
      if (at < 0 || !this.view) return;
      this.focused = at;
      const leaf = this.view.tree.leaf[at]!;
      if (leaf >= 0) this.walk = leaf;
      else this.toggle(at);
      this.draw(true);
    });
    void this.load('values');
  }

  stop(): void {
    this.control.abort();
  }

  private async load(stream: 'values' | 'gaps'): Promise<void> {
    const { t } = this;
    try {
      const view = await this.ask(
        'huffman',
        { layer: this.layer.layer, stream },
        this.control.signal,
      );
      this.view = view;
      this.folded = foldedToFit(view.tree, firstRows);
      this.walk = view.symbols.length > 0 ? 0 : -1;
      this.focused = 0;
      this.note.textContent = view.stored ? '' : t.huffmanNot;
      this.sentence.textContent =
        view.symbols.length === 1
          ? t.sole
          : fill(
              t.huffmanBits,
              view.meanBits.toFixed(3),
              view.entropyBits.toFixed(3),
              formatShare(view.entropyBits > 0 ? view.meanBits / view.entropyBits - 1 : 0),
              formatExact(view.entries),
              formatBytes(Math.ceil(view.bits / 8)),
            );
      this.draw();
    } catch (error) {
      if (error instanceof Abandoned) return;
      this.sentence.textContent = fill(t.notAvailable, (error as Error).message);
      this.tree.replaceChildren();
      this.table.replaceChildren();
    }
  }

  private nameOf(view: HuffmanView, i: number): string {
    return view.stream === 'gaps'
      ? fill(this.t.leafGap, view.symbols[i]!)
      : `${view.symbols[i]!}: ${formatSmall(view.values[i]!)}`;
  }

  private draw(focus = false): void {
    const { view, t } = this;
    if (!view) return;
    const { tree, lengths } = view;
    const summary = fill(
      t.huffmanSummary,
      formatExact(view.symbols.length),
      lengths[0] ?? 0,
      lengths[lengths.length - 1] ?? 0,
    );
    this.tree.replaceChildren(
      toElement(
        huffmanTree(
          view,
          { folded: this.folded, walk: this.walk },
          {
            summary,
            leaf: (i) => `${this.nameOf(view, i)}  ×${formatExact(view.counts[i]!)}`,
            folded: (leaves) => fill(t.foldedLabel, formatExact(leaves)),
            title: (at) => {
              const leaf = tree.leaf[at]!;
              return leaf >= 0
                ? fill(
                    t.leafTitle,
                    this.nameOf(view, leaf),
                    formatExact(tree.counts[at]!),
                    bitsOfWord(view.words[leaf]!, view.lengths[leaf]!),
                    view.lengths[leaf]!,
                  )
                : fill(
                    t.innerTitle,
                    formatExact(leavesBelow(tree, at)),
                    formatExact(tree.counts[at]!),
                  );
            },
          },
        ),
      ),
    );
    const nodes = this.nodes();
    const stop = nodes.find((n) => nodeOf(n) === this.focused) ?? nodes[0];
    for (const n of nodes) {
      n.setAttribute('tabindex', n === stop ? '0' : '-1');
      const leaf = tree.leaf[nodeOf(n)]!;
      n.setAttribute('aria-selected', String(leaf >= 0 && leaf === this.walk));
    }
    if (focus) stop?.focus();
    this.drawTable(view);
  }

  private tableData(view: HuffmanView): Table {
    const { t } = this;
    return {
      columns: [
        t.symbol,
        ...(view.stream === 'values' ? [{ name: t.value, as: 'exact' as const }] : []),
        t.word,
        t.codeBits,
        t.count,
        { name: t.share, as: 'share' },
      ],
      rows: [...view.symbols].map((symbol, i) => [
        symbol,
        ...(view.stream === 'values' ? [view.values[i]!] : []),
        bitsOfWord(view.words[i]!, view.lengths[i]!),
        view.lengths[i]!,
        view.counts[i]!,
        view.counts[i]! / view.entries,
      ]),
    };
  }

  private drawTable(view: HuffmanView): void {
    const { t } = this;
    const { columns, rows } = this.tableData(view);
    const names = columnNames({ columns, rows });
    const scroll = this.table.scrollTop;
    this.table.replaceChildren(
      el(
        'table',
        { class: 'plain codes' },
        el('caption', { class: 'hidden-visually' }, t.codeTable),
        el(
          'thead',
          {},
          el('tr', {}, ...names.map((c) => el('th', { scope: 'col', class: 'number' }, c))),
        ),
        el(
          'tbody',
          {},
          ...rows.map((cells, i) => {
            const pick = el(
              'button',
              {
                type: 'button',
                class: 'link',
                'aria-pressed': String(i === this.walk),
                'data-row': i,
              },
              String(cells[0]),
            );
            pick.addEventListener('click', () => {
              this.walk = i;
              this.unfoldTo(view, i);
              this.draw();
              (this.table.querySelector(`[data-row="${i}"]`) as HTMLElement | null)?.focus();
            });
            return el(
              'tr',
              { class: i === this.walk ? 'chosen' : '' },
              el('th', { scope: 'row', class: 'number' }, pick),
              ...cells
                .slice(1)
                .map((c, k) => el('td', { class: 'number' }, shownText(c, columns[k + 1]))),
            );
          }),
        ),
      ),
    );
    this.table.scrollTop = scroll;
  }

  private unfoldTo({ tree }: HuffmanView, leaf: number): void {
    const parent = new Map<number, number>();
    let at = -1;
    for (let n = 0; n < tree.leaf.length; n++) {
      if (tree.leaf[n] === leaf) at = n;
      for (const child of [tree.left[n]!, tree.right[n]!]) if (child >= 0) parent.set(child, n);
    }
    this.focused = at;
    for (let n: number | undefined = at; n !== undefined; n = parent.get(n)) this.folded.delete(n);
  }

  private toggle(at: number): void {
    if (!this.folded.delete(at)) this.folded.add(at);
  }

  private nodes(): SVGElement[] {
    return [...this.tree.querySelectorAll<SVGElement>('[data-node]')];
  }

  private key(event: KeyboardEvent): void {
    const { view } = this;
    const at = nodeOf(event.target);
    if (!view || at < 0) return;
    const { tree } = view;
    const order = this.nodes().map(nodeOf);
    const here = order.indexOf(at);
    const inner = tree.leaf[at]! < 0;
    const parent = order.find((n) => tree.left[n] === at || tree.right[n] === at);
    let next: number | undefined;
    switch (event.key) {
      case 'ArrowDown':
        next = order[here + 1];
        break;
      case 'ArrowUp':
        next = order[here - 1];
        break;
      case 'Home':
        next = order[0];
        break;
      case 'End':
        next = order[order.length - 1];
        break;
      case 'ArrowRight':
        if (inner && this.folded.has(at)) this.folded.delete(at);
        else if (inner) next = tree.left[at]!;
        break;
      case 'ArrowLeft':
        if (inner && !this.folded.has(at)) this.folded.add(at);
        else next = parent;
        break;
      case 'Enter':
      case ' ':
        if (inner) this.toggle(at);
        else this.walk = tree.leaf[at]!;
        break;
      default:
        return;
    }
    event.preventDefault();
    this.focused = next ?? at;
    this.draw(true);
  }
}

function nodeOf(target: EventTarget | null): number {
  const text = (target as Element | null)?.closest('[data-node]')?.getAttribute('data-node');
  return text === null || text === undefined ? -1 : Number(text);
}
