/** Where the cycles of a layer went: all PEs together by cause, and PE by PE. */
import { causeBar } from '../../charts/bar-chart.ts';
import { causes, cycleSwatch, type Cause } from '../../charts/cycle-patterns.ts';
import { peBars, peGroup, peOrder } from '../../charts/pe-bars.ts';
import { toElement } from '../../charts/svg.ts';
import { el, fill } from '../../ui/dom.ts';
import type { Drawing } from '../../ui/figure.ts';
import { formatExact, formatShare } from '../../ui/format.ts';
import type { LayerDetail, PageLayer } from '../data.ts';
import {
  causeNames,
  causesOf,
  imbalanceSentence,
  peLoad,
  peTable,
  whereSentence,
} from '../model.ts';
import type { EieStrings } from '../strings.ts';

export function whereDrawing(layer: PageLayer, t: EieStrings): Drawing {
  const all = causesOf(layer);
  const total = Math.max(
    1,
    Object.values(all).reduce((a, b) => a + b, 0),
  );
  const names = causeNames(t);
  const summary = whereSentence(layer, t);
  return {
    summary,
    draw: (width) =>
      causeBar(
        causes.map((cause) => ({
          cause,
          share: all[cause] / total,
          title: `${names[cause]}: ${formatExact(all[cause])}, ${formatShare(all[cause] / total)}`,
          text: formatShare(all[cause] / total),
        })),
        width,
        summary,
      ),
    table: () => ({
      columns: [t.cause, t.peCycles, { name: t.share, as: 'share' }, t.meaning],
      rows: causes.map((c) => [names[c], all[c], all[c] / total, hints(t)[c]]),
    }),
  };
}

export function loadDrawing(
  layer: PageLayer,
  detail: LayerDetail,
  sort: 'pe' | 'load',
  t: EieStrings,
): Drawing {
  const load = peLoad(layer, detail);
  const order = peOrder(load, sort);
  const names = causeNames(t);
  const sentence = imbalanceSentence(layer, detail, t);
  return {
    summary: sentence,
    draw: (width) => {
      const group = peGroup(order.length, Math.floor((width - 54) / 3));
      return peBars(
        load,
        order,
        { width, height: 330 },
        {
          summary: sentence,
          ideal: fill(t.peIdeal, formatExact(layer.theoreticalCycles)),
          stalled: t.peHeld,
          axis: group > 1 ? fill(t.peGrouped, group) : t.peAxis,
          title: (pes, cycles, stalled) =>
            [
              pes.length === 1
                ? fill(t.peTitle, pes[0]!)
                : fill(
                    t.peTitleMean,
                    `${pes.slice(0, 8).join(', ')}${pes.length > 8 ? ', …' : ''}`,
                  ),
              ...causes
                .filter((c) => cycles[c] > 0)
                .map((c) => `${names[c]}: ${formatExact(cycles[c])}`),
              ...(stalled > 0 ? [`${t.peHeldTitle}: ${formatExact(stalled)}`] : []),
            ].join('\n'),
        },
      );
    },
    table: () => peTable(load, order, t),
  };
}

function hints(t: EieStrings): Readonly<Record<Cause, string>> {
  return {
    work: t.workHint,
    filler: t.fillerHint,
    emptyColumns: t.emptyColumnsHint,
    queueFull: t.queueFullHint,
    scan: t.scanHint,
    imbalance: t.imbalanceHint,
    fillDrain: t.fillDrainHint,
  };
}

/** Colour, pattern, name and meaning of each cause; valid for the PE bars below as well. */
export function causeLegend(t: EieStrings): HTMLElement {
  const names = causeNames(t);
  const item = (cause: Cause): HTMLElement =>
    el(
      'li',
      {},
      toElement(cycleSwatch(cause)),
      el('span', {}, el('strong', {}, names[cause]), ` ${hints(t)[cause]}`),
    );
  const busy: readonly Cause[] = ['work', 'filler', 'emptyColumns'];
  return el(
    'div',
    { class: 'causes' },
    el('div', {}, el('h4', {}, t.busy), el('ul', {}, ...busy.map(item))),
    el(
      'div',
      {},
      el('h4', {}, t.starved),
      el('ul', {}, ...causes.filter((c) => !busy.includes(c)).map(item)),
    ),
  );
}
