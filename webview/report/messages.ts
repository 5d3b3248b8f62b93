/**
 * What the report page and its host tell each other. The page says `ready` first (messages sent
 * before a page listens are lost), the host answers `loading`, then `report` or `error`.
 */
import type { ReportResult } from '../../src/engine/protocol-model.ts';
import { isOutputMessage, type OutputMessage } from '../ui/output.ts';
import type { ReportStrings } from './strings.ts';

export type ToReport =
  | { readonly type: 'loading'; readonly name: string }
  | { readonly type: 'report'; readonly report: ReportResult }
  | { readonly type: 'error'; readonly message: string };

export type FromReport =
  | { readonly type: 'ready' }
  | { readonly type: 'retry' }
  | { readonly type: 'reveal' }
  | { readonly type: 'decompress' }
  | { readonly type: 'use' }
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
  'openLog',
];

/** For the host: a page is less trusted than the extension, so its messages are checked. */
export function isFromReport(message: unknown): message is FromReport {
  if (typeof message !== 'object' || message === null) return false;
  const { type, layer } = message as { type?: unknown; layer?: unknown };
  if (type === 'openLayer') return typeof layer === 'string';
  return isOutputMessage(message) || commands.some((command) => command === type);
}

/** For the page: the shape is the host's own, a wrong `type` would be a defect. */
export function isToReport(message: unknown): message is ToReport {
  if (typeof message !== 'object' || message === null) return false;
  const { type } = message as { type?: unknown };
  return type === 'loading' || type === 'report' || type === 'error';
}
