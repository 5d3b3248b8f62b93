/** The list of layers beside the page: filter, order, one chosen; the overview stands on top. */
import type { LayerSummary } from '../../src/engine/protocol-view.ts';
import { el, fill } from '../ui/dom.ts';
import { formatBytes, formatExact, formatShape } from '../ui/format.ts';
import { legible } from '../ui/legible.ts';
import { arranged, roleName, shownName, type Arrangement, type SortId } from './model.ts';
import type { Store } from './store.ts';
import type { InspectorStrings } from './strings.ts';
import { Virtual } from './virtual.ts';

type Item = LayerSummary | 'overview';

export class LayerList {
  readonly element: HTMLElement;
  private readonly rows: Virtual<Item>;
  private readonly count = el('span', { class: 'muted', role: 'status' });
  private readonly none = el('p', { class: 'muted none', hidden: true });
  private chosen: Item = 'overview';
  private readonly list = new Map<HTMLElement, Item>();

  constructor(
    private readonly store: Store,
    private arrangement: Arrangement,
    rowHeight: number,
    private readonly t: InspectorStrings,
    private readonly on: {
      choose: (layer: LayerSummary | undefined) => void;
      arrange: (arrangement: Arrangement) => void;
    },
  ) {
    const { layers } = store.overview;
    const filter = el('input', {
      type: 'search',
      'aria-label': t.filter,
      placeholder: t.filterShort,
      value: arrangement.filter,
    });
    filter.addEventListener('input', () => this.arrange({ filter: filter.value }));
    const option = (value: SortId, label: string): HTMLElement =>
      el('option', { value, selected: arrangement.sort === value }, label);
    const sort = el(
      'select',
      { 'aria-label': t.sortBy, title: t.sortBy },
      option('order', t.modelOrder),
      option('name', t.name),
      option('bytes', t.size),
      option('sparsity', t.sparsity),
      option('compressibility', t.compressibility),
    );
    sort.addEventListener('change', () => {
      const id = sort.value as SortId;
      this.arrange({ sort: id, direction: id === 'order' || id === 'name' ? 1 : -1 });
    });
    const only = el('input', { type: 'checkbox', checked: arrangement.weightsOnly });
    only.addEventListener('change', () => this.arrange({ weightsOnly: only.checked }));
    const body = el('div', { class: 'list', role: 'listbox', 'aria-label': t.layerList });
    const scroller = el('div', { class: 'list-scroll', tabindex: -1 }, body);
    this.none.textContent = layers.length === 0 ? t.noLayers : t.noMatch;
    this.element = el(
      'nav',
      { class: 'side', 'aria-label': t.layers },
      el(
        'div',
        { class: 'side-tools' },
        filter,
        sort,
        el(
          'div',
          { class: 'side-line' },
          el('label', { title: t.onlyWeightsHint }, only, t.onlyWeights),
          this.count,
        ),
      ),
      scroller,
      this.none,
    );
    this.rows = new Virtual<Item>({
      scroller,
      body,
      rowHeight,
      room: (above, below) => {
        body.style.paddingTop = `${above}px`;
        body.style.paddingBottom = `${below}px`;
      },
      make: (item) => this.row(item),
      update: (row, item, index) => {
        row.setAttribute('aria-selected', String(item === this.chosen));
        row.setAttribute('aria-posinset', String(index + 1));
      },
      focusable: (row) => row,
      onActivate: (item) => this.on.choose(item === 'overview' ? undefined : item),
    });
    body.addEventListener('click', (event) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>('[role=option]');
      const item = row && this.list.get(row);
      if (item) this.on.choose(item === 'overview' ? undefined : item);
    });
    this.show();
  }

  choose(layer: LayerSummary | undefined): void {
    this.chosen = layer ?? 'overview';
    this.rows.reveal(this.chosen);
    this.rows.refresh();
  }

  /** More is known: an order by it may change. */
  refresh(): void {
    const { sort } = this.arrangement;
    if (sort === 'sparsity' || sort === 'compressibility') this.show();
  }

  private arrange(change: Partial<Arrangement>): void {
    this.arrangement = { ...this.arrangement, ...change };
    this.on.arrange(this.arrangement);
    this.show();
  }

  private show(): void {
    const { layers } = this.store.overview;
    const shown = arranged(layers, (l) => this.store.measures.get(l), this.arrangement, this.t);
    this.none.hidden = shown.length > 0;
    this.count.textContent =
      shown.length === layers.length
        ? formatExact(layers.length)
        : fill(this.t.filtered, formatExact(shown.length), formatExact(layers.length));
    this.rows.set(['overview', ...shown]);
  }

  private row(item: Item): HTMLElement {
    const row =
      item === 'overview'
        ? el(
            'div',
            { role: 'option', class: 'item first' },
            el('span', { class: 'item-name' }, this.t.wholeModel),
          )
        : el(
            'div',
            {
              role: 'option',
              class: `item${item.hidden ? ' dim' : ''}`,
              title: legible(item.name),
            },
            el('bdi', { class: 'item-name' }, shownName(item)),
            el(
              'span',
              { class: 'item-kind' },
              el(
                'span',
                {},
                [item.op || roleName(item, this.t), formatShape(item.shape)].join(' · '),
              ),
              el('span', {}, formatBytes(item.bytes)),
            ),
          );
    row.setAttribute('aria-setsize', String(this.store.overview.layers.length + 1));
    this.list.set(row, item);
    if (this.list.size > 2000)
      this.list.forEach((_, r) => r.isConnected || r === row || this.list.delete(r));
    return row;
  }
}
