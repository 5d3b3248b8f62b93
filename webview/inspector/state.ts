/** What outlives the page while its tab is hidden or the window reloads. */
import { changeIds, type ChangeId } from './changes.ts';
import { placeFrom, type HeatPlace } from './heat/place.ts';
import type { Sorting } from './rows-table.ts';
import { metricIds, sortIds, type Arrangement, type MetricId } from './model.ts';

/** Ways to see the model as a whole. */
export const wholeTabs = ['overview', 'graph', 'accuracy', 'compare'] as const;
export type WholeTab = (typeof wholeTabs)[number];

export interface Kept {
  /** Path and name of the chosen layer; '' is the overview. */
  readonly layer: string;
  readonly tab: string;
  readonly whole: WholeTab;
  readonly metric: MetricId;
  /** Of the graph, the one at hand; -1: none yet. */
  readonly node: number;
  readonly list: Arrangement;
  readonly table: Arrangement;
  /** Of the page on the whole model, and on the chosen layer. */
  readonly scroll: number;
  readonly layerScroll: number;
  /** Where the chosen layer's heatmaps are looked at. */
  readonly heat: HeatPlace | undefined;
  /** Address of the model it is compared with; '' for none. */
  readonly other: string;
  readonly changes: Changes;
}

/** The order of the table of what changed. */
export type Changes = Sorting<ChangeId>;

const plain: Arrangement = { filter: '', weightsOnly: false, sort: 'order', direction: 1 };

/** Whatever was saved, also by an older version, as something that can be shown. */
export function restored(saved: unknown): Kept {
  const s = (typeof saved === 'object' && saved !== null ? saved : {}) as Record<string, unknown>;
  return {
    layer: typeof s['layer'] === 'string' ? s['layer'] : '',
    tab: typeof s['tab'] === 'string' ? s['tab'] : 'weights',
    whole: wholeTabs.find((id) => id === s['whole']) ?? 'overview',
    metric: metricIds.find((id) => id === s['metric']) ?? 'sparsity',
    node: typeof s['node'] === 'number' ? s['node'] : -1,
    list: arrangement(s['list']),
    table: arrangement(s['table']),
    scroll: typeof s['scroll'] === 'number' ? s['scroll'] : 0,
    layerScroll: typeof s['layerScroll'] === 'number' ? s['layerScroll'] : 0,
    heat: placeFrom(s['heat']),
    other: typeof s['other'] === 'string' ? s['other'] : '',
    changes: changes(s['changes']),
  };
}

function changes(saved: unknown): Changes {
  const s = (typeof saved === 'object' && saved !== null ? saved : {}) as Record<string, unknown>;
  const sort = s['sort'] === 'order' ? 'order' : changeIds.find((id) => id === s['sort']);
  return { sort: sort ?? 'relative', direction: s['direction'] === 1 && sort ? 1 : -1 };
}

function arrangement(saved: unknown): Arrangement {
  const s = (typeof saved === 'object' && saved !== null ? saved : {}) as Record<string, unknown>;
  return {
    filter: typeof s['filter'] === 'string' ? s['filter'] : plain.filter,
    weightsOnly: s['weightsOnly'] === true,
    sort: sortIds.find((id) => id === s['sort']) ?? plain.sort,
    direction: s['direction'] === -1 ? -1 : 1,
  };
}
