/**
 * What the report page and its host tell each other. The page says `ready` first (messages sent
 * before a page listens are lost), the host answers `loading`, then `report` or `error`.
 */
import type { Attempt } from '../../src/engine/protocol-fidelity.ts';
import type { ReportResult } from '../../src/engine/protocol-model.ts';
import { measurements, type Measured, type Measurement } from '../accuracy/measured.ts';
import { isOutputMessage, type OutputMessage } from '../ui/output.ts';
import type { ReportStrings } from './strings.ts';

export type ToReport =
  | { readonly type: 'loading'; readonly name: string }
  | { readonly type: 'report'; readonly report: ReportResult }
  | { readonly type: 'error'; readonly message: string }
  /** What was measured of the file, and of its model, with earlier runs. */
  | { readonly type: 'measured'; readonly measured: Measured }
  /** The files that were made of the same model, this one among them. */
  | { readonly type: 'attempts'; readonly attempts: readonly Attempt[] };

export type FromReport =
  | { readonly type: 'ready' }
  | { readonly type: 'retry' }
  | { readonly type: 'reveal' }
  | { readonly type: 'decompress' }
  | { readonly type: 'use' }
  | { readonly type: 'compressAgain' }
  | { readonly type: 'editRecipe' }
  | { readonly type: 'measure'; readonly what: Measurement }
  /** Compresses the model to a size of its front. */
  | { readonly type: 'compressTo'; readonly bytes: number }
  /** The report of another file, by the path that `attempts` gave. */
  | { readonly type: 'openAttempt'; readonly path: string }
  | { readonly type: 'openLog' }
  /** In the model inspector. */
  | { readonly type: 'openLayer'; readonly layer: string }
  | OutputMessage;

/** The JSON block `#data` of the page. `report` only in a file of its own. */
export interface ReportPageData {
  readonly strings?: ReportStrings;
  readonly report?: ReportResult | null;
}

const commands: readonly FromReport['type'][] = [
  'ready',
  'retry',
  'reveal',
  'decompress',
  'use',
  'compressAgain',
  'editRecipe',
  'openLog',
];

/** For the host: a page is less trusted than the extension, so its messages are checked. */
export function isFromReport(message: unknown): message is FromReport {
  if (typeof message !== 'object' || message === null) return false;
  const m = message as Readonly<Record<string, unknown>>;
  switch (m['type']) {
    case 'openLayer':
      return typeof m['layer'] === 'string';
    case 'measure':
      return measurements.some((what) => what === m['what']);
    case 'compressTo':
      return Number.isSafeInteger(m['bytes']);
    case 'openAttempt':
      return typeof m['path'] === 'string';
    default:
      return isOutputMessage(message) || commands.some((command) => command === m['type']);
  }
}

const arriving: readonly ToReport['type'][] = [
  'loading',
  'report',
  'error',
  'measured',
  'attempts',
];

/** For the page: the shape is the host's own, a wrong `type` would be a defect. */
export function isToReport(message: unknown): message is ToReport {
  if (typeof message !== 'object' || message === null) return false;
  const { type } = message as { type?: unknown };
  return arriving.some((known) => known === type);
}
