/** What of a data set was taken for what: told with every result, because a reader decides it. */
import type { Dataset } from './dataset.ts';
import type { LabelKind } from './labels.ts';

/** Parts that data sets come in, each of which a file may hold. */
export type DataSplit = 'train' | 'validation' | 'test';

export interface Taken {
  readonly count: number;
  /** Shape of one sample. */
  readonly shape: readonly number[];
  /** Where the samples were: arrays, columns, images. */
  readonly samples: string;
  /** Where the labels were; null: there are none. */
  readonly labels: string | null;
  readonly kind: LabelKind | null;
  /** Names of the classes in the order of their numbers; empty where labels are numbers. */
  readonly classNames: readonly string[];
  /** Whether a table's first line was taken for names; null: no table. */
  readonly header: boolean | null;
  /** null: the file does not say. */
  readonly split: DataSplit | null;
  /** What was passed over: arrays, columns, lines, files. */
  readonly unused: readonly string[];
  /** All this in one line, as people are told it; records of earlier versions lack it. */
  readonly line?: string;
}

/** What a reader knows of its file; the rest follows from the samples. */
export type Source = Partial<Pick<Taken, 'header' | 'split' | 'unused'>> &
  Pick<Taken, 'samples' | 'labels'>;

const mostNames = 1000;
const mostShown = 12;

export function takenOf(data: Dataset, source: Source): Taken {
  const { samples: count, shape, kind = null, classNames = [] } = data;
  const taken = {
    ...{ header: null, split: null, unused: [] },
    ...source,
    ...{ count, shape, kind, classNames: classNames.slice(0, mostNames) },
  };
  return { ...taken, line: takenText(taken) };
}

/** One line. */
export function takenText(taken: Taken): string {
  const { count, shape, samples, labels, kind, classNames, header, split, unused } = taken;
  const table = header === null ? '' : header ? ', the first line names them' : ', no header line';
  const names = classNames.length > 0 ? `: ${listed(classNames.map((n, i) => `${i} ${n}`))}` : '';
  return [
    `${count} samples of ${shape.join(' x ')} from ${samples}${table}`,
    labels === null ? 'no labels' : `labels from ${labels} (${kind}${names})`,
    ...(split ? [`split ${split}`] : []),
    ...(unused.length > 0 ? [`not used: ${listed(unused)}`] : []),
  ].join('; ');
}

/** `a, b, c and 5 more` */
export function listed(names: readonly string[]): string {
  const more = names.length - mostShown;
  return names.slice(0, mostShown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
