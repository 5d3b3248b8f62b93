/**
 * Compare: this model and another side by side. Figures of the whole, and a table of the layers that
 * belong together, what changed the most first; a row opens the layer with its difference.
 */
import type { LayerSummary } from '../../src/engine/protocol-view.ts';
import { el, fill, type Child } from '../ui/dom.ts';
import {
  formatBytes,
  formatExact,
  formatRatio,
  formatShape,
  formatShare,
  formatFigures,
} from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import { changeOf, changeTotals, sortedPairs, type ChangeId, type Pair } from './changes.ts';
import type { NamedModel } from './messages.ts';
import { fileName, shownName } from './model.ts';
import type { Peer } from './peer.ts';
import { RowsTable, type Column } from './rows-table.ts';
import type { Changes } from './state.ts';
import type { InspectorStrings } from './strings.ts';

export interface CompareActions {
  /** Opens a layer of this model at its difference. */
  readonly openChange: (layer: LayerSummary) => void;
  readonly sortChanges: (sorting: Changes) => void;
  readonly chooseOther: () => void;
  readonly suggestOther: () => void;
  readonly swapOther: () => void;
  readonly closeOther: () => void;
  readonly compareWith: (uri: string) => void;
}

/** Layers without a partner that are named. */
const mostNamed = 100;

export class ComparePanel {
  readonly element = el('section', { 'aria-labelledby': 'compare-heading' });
  private peer: Peer | undefined;
  private table: RowsTable<Pair, ChangeId> | undefined;
  private readonly figures = el('div', { class: 'figures' });
  private readonly status = el('p', { class: 'muted', role: 'status' });
  private readonly offers = el('div', { class: 'actions' });
  private asked = false;

  constructor(
    private readonly ownPath: string,
    private sorting: Changes,
    private readonly rowHeight: number,
    private readonly t: InspectorStrings,
    private readonly out: Output,
    private readonly on: CompareActions,
  ) {}

  /** Another model, or none; `message`: why there is none any more. */
  show(peer: Peer | undefined, message = ''): void {
    this.peer = peer;
    this.table = undefined;
    if (peer) this.fill(peer);
    else this.invite(message);
  }

  suggest(models: readonly NamedModel[]): void {
    this.offers.replaceChildren(
      ...models.map(({ name, uri }) => {
        const label = fill(this.t.compareWith, name);
        return this.button(label, () => this.on.compareWith(uri), 'primary');
      }),
      this.button(this.t.chooseOther, this.on.chooseOther),
    );
  }

  /** Is on the screen (again). */
  shown(): void {
    if (!this.element.firstChild) this.show(this.peer);
    if (this.peer) this.peer.want([]);
    else if (!this.asked) {
      this.asked = true;
      this.on.suggestOther();
    }
  }

  /** More is known. */
  refresh(): void {
    const { peer, t } = this;
    if (!peer) return;
    if (!this.table && peer.pairs.length > 0) return this.show(peer);
    if (peer.trouble !== '') {
      this.status.textContent = fill(t.notAvailable, peer.trouble);
      return;
    }
    this.status.textContent = peer.complete
      ? peer.pairs.length === 0 && peer.onlyHere.length + peer.onlyThere.length > 0
        ? t.nothingInCommon
        : ''
      : fill(t.comparing, formatExact(peer.done), formatExact(peer.total));
    this.drawFigures(peer);
    if (this.sorting.sort === 'order' || this.sorting.sort === 'name') this.table?.refresh();
    else this.table?.show();
  }

  private invite(message: string): void {
    const { t } = this;
    this.offers.replaceChildren(this.button(t.chooseOther, this.on.chooseOther));
    this.element.replaceChildren(
      el('h2', { id: 'compare-heading' }, t.compareHeading),
      el('p', { class: 'caption' }, t.compareHint),
      ...(message ? [el('p', { class: 'trouble', role: 'alert' }, message)] : []),
      this.offers,
    );
  }

  private fill(peer: Peer): void {
    const { t } = this;
    const name = (text: string): HTMLElement => el('bdi', {}, text);
    this.element.replaceChildren(
      el(
        'div',
        { class: 'section-head' },
        el(
          'h2',
          { id: 'compare-heading' },
          name(fileName(this.ownPath)),
          ` ${t.against} `,
          name(peer.name),
        ),
        el(
          'div',
          { class: 'tools' },
          this.button(t.chooseOther, this.on.chooseOther),
          this.button(t.swapOther, this.on.swapOther),
          this.button(t.closeOther, this.on.closeOther),
        ),
      ),
      el('p', { class: 'caption' }, fill(t.compareSigns, fileName(this.ownPath), peer.name)),
      this.figures,
      this.status,
      ...(peer.pairs.length > 0 ? [this.makeTable(peer)] : []),
      ...this.lonely(t.onlyHere, peer.onlyHere),
      ...this.lonely(t.onlyThere, peer.onlyThere),
    );
    this.drawFigures(peer);
    this.refresh();
  }

  private drawFigures(peer: Peer): void {
    const { t } = this;
    const { own, overview } = peer;
    const sums = changeTotals(peer.differences.values());
    const share = (part: number): string => formatShare(part / Math.max(1, sums.weights));
    const known = peer.complete && sums.compared > 0;
    this.figures.replaceChildren(
      figure(
        t.file,
        formatBytes(own.bytes),
        fill(
          t.fileAgainst,
          peer.name,
          formatBytes(overview.bytes),
          formatRatio(overview.bytes / own.bytes),
        ),
      ),
      figure(
        t.layersChanged,
        known ? formatExact(sums.layers) : '…',
        fill(t.ofCompared, formatExact(peer.total)),
      ),
      figure(
        t.changed,
        known ? share(sums.changed) : '…',
        fill(t.rmsOver, formatFigures(sums.rmse)),
      ),
      figure(
        t.becameZero,
        known ? share(sums.becameZero) : '…',
        fill(t.becameNonzero, formatExact(sums.becameNonzero)),
      ),
    );
  }

  private makeTable(peer: Peer): HTMLElement {
    const { t } = this;
    const columns = columnsOf(peer, t);
    this.table = new RowsTable(
      {
        ...{
          id: 'changes',
          classes: 'changes',
          name: 'changes',
          heading: t.changes,
          region: t.changesRegion,
          columns,
        },
        rowHeight: this.rowHeight,
        items: (sorting) => sortedPairs(peer.pairs, (l) => peer.differences.get(l), sorting),
        stateOf: ({ layer: { layer } }) =>
          `${peer.differences.has(layer)} ${peer.failed.has(layer)}`,
        dim: (pair) => pair.why !== '',
        data: (pairs) => ({
          columns: [
            t.layer,
            t.operator,
            t.shape,
            ...figureIds.map((id) => t[id]),
            'weights',
            'signFlips',
          ],
          rows: pairs.map(({ layer }) => {
            const d = peer.differences.get(layer.layer);
            return [
              ...[layer.name, layer.op, formatShape(layer.shape)],
              ...figureIds.map((id) => changeOf(id, d)),
              ...[d?.weights ?? null, d?.signFlips ?? null],
            ];
          }),
        }),
        on: {
          open: ({ layer }) => this.on.openChange(layer),
          sort: (sorting) => {
            this.sorting = sorting;
            this.on.sortChanges(sorting);
          },
          want: (pairs) => peer.want(pairs),
        },
      },
      this.sorting,
      t,
      this.out,
    );
    return this.table.element;
  }

  private lonely(heading: string, layers: readonly LayerSummary[]): HTMLElement[] {
    if (layers.length === 0) return [];
    const more = layers.length - mostNamed;
    return [
      el(
        'details',
        { class: 'data' },
        el('summary', {}, fill(heading, formatExact(layers.length))),
        el(
          'ul',
          {},
          ...layers
            .slice(0, mostNamed)
            .map((l) => el('li', {}, el('bdi', {}, shownName(l)), ` ${formatShape(l.shape)}`)),
          more > 0 ? el('li', {}, fill(this.t.graphMore, formatExact(more))) : null,
        ),
      ),
    ];
  }

  private button(label: string, run: () => void, kind = 'secondary'): HTMLElement {
    const made = el('button', { type: 'button', class: kind }, label);
    made.addEventListener('click', run);
    return made;
  }
}

const figureIds = ['relative', 'changed', 'becameZero', 'rmse', 'largest', 'cosine'] as const;

function columnsOf(peer: Peer, t: InspectorStrings): Column<Pair, ChangeId>[] {
  const differenceOf = (pair: Pair) => peer.differences.get(pair.layer.layer);
  const figureOf = (
    id: (typeof figureIds)[number],
    hint: string,
    format: (value: number) => string,
  ): Column<Pair, ChangeId> => ({
    ...{ id, label: t[id], hint, number: true },
    text: (pair) => {
      if (pair.why !== '' || pair.layer.hidden !== '') return '–';
      const difference = differenceOf(pair);
      if (!difference) return peer.failed.has(pair.layer.layer) ? '!' : '…';
      const value = changeOf(id, difference);
      return value === null ? '–' : format(value);
    },
    title: (pair) =>
      pair.why === 'shape'
        ? fill(t.otherShape, formatShape(pair.other.shape))
        : pair.why !== ''
          ? t.hiddenNoNumbers
          : (peer.failed.get(pair.layer.layer) ?? ''),
  });
  return [
    {
      ...{ id: 'name', label: t.layer },
      text: ({ layer }) => shownName(layer),
      title: ({ layer }) => layer.name,
    },
    figureOf('relative', t.relativeHint, formatShare),
    figureOf('changed', t.changedHint, formatShare),
    figureOf('becameZero', t.becameZeroHint, formatShare),
    figureOf('rmse', t.rmseHint, formatFigures),
    figureOf('largest', t.largestHint, formatFigures),
    figureOf('cosine', t.cosineHint, (v) => v.toFixed(4)),
    { id: 'op', label: t.operator, text: ({ layer }) => layer.op || '–' },
    { id: 'shape', label: t.shape, text: ({ layer }) => formatShape(layer.shape) },
  ];
}

function figure(label: string, value: string, ...detail: readonly Child[]): HTMLElement {
  return el(
    'div',
    { class: 'figure' },
    el('div', { class: 'label' }, label),
    el('div', { class: 'value' }, value),
    el('div', { class: 'detail' }, ...detail),
  );
}
