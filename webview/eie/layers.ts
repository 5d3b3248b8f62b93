/** The list of layers: one is chosen (a button in its row), the totals stand in the footer. */
import { el, fill } from '../ui/dom.ts';
import { formatCount, formatExact, formatShare } from '../ui/format.ts';
import { legible, nameLine } from '../ui/legible.ts';
import type { PageLayer, PageRun } from './data.ts';
import { formatEnergy, formatTime } from './model.ts';
import type { EieStrings } from './strings.ts';

export class LayerList {
  readonly element: HTMLElement;
  private readonly count = el('span', { class: 'count' });
  private readonly body = el('tbody');
  private readonly foot = el('tfoot');
  private readonly head: HTMLElement;
  private chosen = -1;
  private readonly rows = new Map<number, { row: HTMLElement; button: HTMLElement }>();

  constructor(
    private readonly t: EieStrings,
    menu: HTMLElement,
    private readonly onChoose: (index: number) => void,
  ) {
    this.head = el('thead');
    this.element = el(
      'section',
      { class: 'layer-list', 'aria-labelledby': 'layers-heading' },
      el(
        'div',
        { class: 'section-head' },
        el('h2', { id: 'layers-heading' }, t.layers, ' ', this.count),
        el('div', { class: 'tools' }, menu),
      ),
      el('p', { class: 'caption' }, t.layersHint),
      el(
        'div',
        { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': t.layersTable },
        el(
          'table',
          { class: 'layers' },
          el('caption', { class: 'hidden-visually' }, t.layers),
          this.head,
          this.body,
          this.foot,
        ),
      ),
    );
  }

  update(run: PageRun, chosen: number): void {
    const { t } = this;
    this.count.textContent = String(run.layers.length);
    const runs = run.layers.some((l) => (l.runsPerInference ?? 1) !== 1);
    const published = run.layers.some((l) => l.published);
    const longest = run.layers.reduce((most, l) => Math.max(most, l.timeUs), 0);
    const head = (label: string, number = true, title = ''): HTMLElement =>
      el(
        'th',
        { scope: 'col', class: number ? 'number' : 'name', title: title || undefined },
        label,
      );
    this.head.replaceChildren(
      el(
        'tr',
        {},
        head(t.layer, false),
        head(t.weights),
        head(t.active),
        head(t.cycles),
        head(t.time),
        ...(published ? [head(t.published)] : []),
        ...(runs ? [head(t.runs, true, t.runsHint)] : []),
        head(t.loadBalance, true, t.loadBalanceHint),
        head(t.energy, true, t.constantPower),
        head(t.fits),
      ),
    );
    const focused = [...this.rows].find(([, { button }]) => button === document.activeElement)?.[0];
    this.rows.clear();
    this.body.replaceChildren(
      ...run.layers.map((layer) =>
        this.row(layer, { runs, published, longest, chosen: layer.index === chosen }),
      ),
    );
    if (focused !== undefined) this.rows.get(focused)?.button.focus();
    if (this.chosen !== chosen) this.reveal(chosen);
    this.chosen = chosen;
    const { totals } = run;
    const cell = (text: string, title = ''): HTMLElement =>
      el('td', { class: 'number', title: title || undefined }, text);
    this.foot.replaceChildren(
      el(
        'tr',
        {},
        el('th', { scope: 'row', class: 'name' }, t.total),
        cell(formatCount(totals.nonzeros), formatExact(totals.nonzeros)),
        cell(''),
        cell(formatExact(totals.cycles)),
        cell(formatTime(totals.timeUs)),
        ...(published ? [cell('')] : []),
        ...(runs ? [cell('')] : []),
        cell(formatShare(totals.loadBalance)),
        cell(formatEnergy(totals.energyUj.constantPower)),
        cell(''),
      ),
    );
    this.foot.hidden = run.layers.length < 2;
  }

  /** Scrolls the list, not the page, until the chosen row is in sight. */
  private reveal(chosen: number): void {
    const row = this.rows.get(chosen)?.row;
    const box = this.element.querySelector('.scroll');
    if (!row || !box) return;
    const edge = 50; // heading and totals stay over the rows
    const top = row.offsetTop - edge;
    const bottom = row.offsetTop + row.offsetHeight + edge;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
  }

  private row(
    layer: PageLayer,
    show: { runs: boolean; published: boolean; longest: number; chosen: boolean },
  ): HTMLElement {
    const { t } = this;
    const button = el(
      'button',
      {
        type: 'button',
        class: 'choose',
        'aria-pressed': String(show.chosen),
        title: legible(layer.name),
      },
      el('bdi', {}, nameLine(layer.name, `#${layer.index + 1}`)),
    );
    button.addEventListener('click', () => this.onChoose(layer.index));
    const kind = [layer.op, `${formatExact(layer.rows)} × ${formatExact(layer.cols)}`]
      .filter((s) => s)
      .join(' · ');
    const share = Math.max(2, Math.round((100 * layer.timeUs) / (show.longest || 1)));
    const fits = layer.capacity.parts.length <= 1;
    const cell = (text: string, title = ''): HTMLElement =>
      el('td', { class: 'number', title: title || undefined }, text);
    const row = el(
      'tr',
      { class: show.chosen ? 'chosen' : '' },
      el('th', { scope: 'row', class: 'name' }, button, el('span', { class: 'layer-kind' }, kind)),
      cell(
        `${formatCount(layer.nonzeros)} (${formatShare(layer.nonzeros / (layer.rows * layer.cols))})`,
        formatExact(layer.nonzeros),
      ),
      cell(
        formatShare(layer.activations.density),
        fill(t.activationsFrom, fromText(layer, t), formatShare(layer.activations.density)),
      ),
      cell(formatExact(layer.cycles), formatExact(layer.theoreticalCycles)),
      el(
        'td',
        { class: 'number time' },
        formatTime(layer.timeUs),
        el('meter', { min: 0, max: 100, value: share, 'aria-hidden': 'true' }),
      ),
      ...(show.published
        ? [cell(layer.published ? formatTime(layer.published.actualUs) : '–')]
        : []),
      ...(show.runs
        ? [cell(layer.runsPerInference === null ? '–' : formatExact(layer.runsPerInference))]
        : []),
      cell(formatShare(layer.loadBalance)),
      cell(formatEnergy(layer.energyUj.constantPower)),
      el(
        'td',
        { class: 'number', title: layer.capacity.warnings.join('\n') || undefined },
        fits ? t.fitsYes : t.fitsNo,
      ),
    );
    row.addEventListener('click', (event) => {
      if (!(event.target instanceof Element && event.target.closest('button')))
        this.onChoose(layer.index);
    });
    this.rows.set(layer.index, { row, button });
    return row;
  }
}

export function fromText(layer: PageLayer, t: EieStrings): string {
  return {
    case: t.fromCase,
    workload: t.fromWorkload,
    sample: t.fromSample,
    'random-input': t.fromRandom,
    density: t.fromDensity,
  }[layer.activations.from];
}
