/**
 * What the EIE panel and its host tell each other. The page says `ready` first (messages sent before
 * a page listens are lost). Machines are numbered: an answer says which request it belongs to.
 */
import type {
  LayerDetail,
  MachineOptions,
  PageRun,
  PublishedResult,
  SweepAxis,
  SweepResult,
} from './data.ts';
import { precisions } from '../../src/shared/machine.ts';
import { isOutputMessage, type OutputMessage } from '../ui/output.ts';
import type { EieStrings } from './strings.ts';

export const viewIds = ['layer', 'compare', 'space'] as const;
export type ViewId = (typeof viewIds)[number];

export type ToEie =
  | {
      readonly type: 'loading';
      readonly name: string;
      readonly line: string;
      readonly fraction: number;
    }
  | {
      readonly type: 'run';
      readonly run: PageRun;
      /** Of the chosen layer; absent when a message before this one brought it. */
      readonly detail?: LayerDetail;
      /** The layer that the host takes for chosen: the page's, or its own choice at the start. */
      readonly layer: number;
      /** Which request of the page this answers; 0: none. */
      readonly request: number;
      /** Only some layers of the source: the others keep their figures. */
      readonly partial: boolean;
    }
  | { readonly type: 'published'; readonly published: PublishedResult }
  | { readonly type: 'error'; readonly message: string; readonly request: number }
  | { readonly type: 'sweeping'; readonly fraction: number; readonly line: string }
  | { readonly type: 'swept'; readonly result: SweepResult }
  | { readonly type: 'sweepEnded'; readonly message: string }
  | { readonly type: 'view'; readonly view: ViewId };

export type FromEie =
  | { readonly type: 'ready' | 'retry' | 'cancel' | 'cancelSweep' | 'openLog' | 'saveJson' }
  | {
      readonly type: 'machine';
      readonly machine: MachineOptions;
      /** Index of the chosen layer. */
      readonly layer: number;
      readonly request: number;
    }
  | {
      readonly type: 'sweep';
      readonly axes: readonly SweepAxis[];
      readonly machine: MachineOptions;
      /** null: all layers. */
      readonly layer: number | null;
    }
  | OutputMessage;

/** The JSON block `#data` of the page. */
export interface EiePageData {
  readonly strings?: EieStrings;
  readonly title: string;
  readonly view: ViewId;
  /** What the host will make the panel of again after a reload. */
  readonly source: string;
}

/** What outlives a hidden page and a reloaded window; the host reads `source` and `machine` from it. */
export interface EieState {
  readonly source: string;
  readonly machine: MachineOptions;
  readonly layer: number;
  readonly view: ViewId;
}

const plain = ['ready', 'retry', 'cancel', 'cancelSweep', 'openLog', 'saveJson'];
const axisNames = ['pe', 'index-bits', 'precision', 'fifo', 'sram-width', 'clock'];
const knobs = ['pe', 'fifo', 'sramWidth', 'indexBits'];

const isIndex = (x: unknown): x is number => typeof x === 'number' && Number.isInteger(x) && x >= 0;

/** Only the knobs of the page, each a finite number; the engine checks ranges. */
export function isMachine(x: unknown): x is MachineOptions {
  if (typeof x !== 'object' || x === null || Array.isArray(x)) return false;
  return Object.entries(x).every(([key, value]) =>
    key === 'precision'
      ? precisions.some((p) => p === value)
      : knobs.includes(key) && typeof value === 'number' && Number.isFinite(value),
  );
}

function isAxis(x: unknown): x is SweepAxis {
  if (typeof x !== 'object' || x === null) return false;
  const { name, values } = x as { name?: unknown; values?: unknown };
  return (
    axisNames.includes(String(name)) &&
    Array.isArray(values) &&
    values.length > 0 &&
    values.length <= 1024 &&
    values.every((v) =>
      typeof v === 'number' ? Number.isFinite(v) : precisions.some((p) => p === v),
    )
  );
}

/** For the host: a page is less trusted than the extension, so its messages are checked. */
export function isFromEie(message: unknown): message is FromEie {
  if (typeof message !== 'object' || message === null) return false;
  const m = message as Record<string, unknown>;
  switch (m['type']) {
    case 'machine':
      return isMachine(m['machine']) && isIndex(m['layer']) && isIndex(m['request']);
    case 'sweep':
      return (
        Array.isArray(m['axes']) &&
        m['axes'].length > 0 &&
        m['axes'].length <= axisNames.length &&
        m['axes'].every(isAxis) &&
        isMachine(m['machine']) &&
        (m['layer'] === null || isIndex(m['layer']))
      );
    case 'copy':
    case 'save':
      return isOutputMessage(m);
    default:
      return plain.includes(String(m['type']));
  }
}

/** For the page: the shape is the host's own, a wrong `type` would be a defect. */
export function isToEie(message: unknown): message is ToEie {
  if (typeof message !== 'object' || message === null) return false;
  const { type } = message as { type?: unknown };
  return [
    'loading',
    'run',
    'published',
    'error',
    'sweeping',
    'swept',
    'sweepEnded',
    'view',
  ].includes(String(type));
}
