/**
 * What the inspector's page and its host tell each other. The page says `ready` first (messages sent
 * before a page listens are lost); the host answers `loading`, then `overview` or `error`. Whatever
 * else is shown the page asks for, a number a question; the answer carries it back.
 */
import type { ViewName, ViewOverview, ViewResult } from '../../src/engine/protocol-view.ts';
import { measurements, type Measured, type Measurement } from '../accuracy/measured.ts';
import type { LayerDetail, MachineOptions, PageLayer } from '../eie/data.ts';
import { isMachine } from '../eie/messages.ts';
import type { EieStrings } from '../eie/strings.ts';
import { isOutputMessage, type OutputMessage } from '../ui/output.ts';
import type { WholeTab } from './state.ts';
import type { InspectorStrings } from './strings.ts';

/** What a page shall show: a layer and a tab of it, or a way to see the whole model. */
export type Shown =
  | {
      /** Name of the layer, and where it lies where several have the name. */
      readonly layer: string;
      readonly path?: string;
      readonly tab?: string;
    }
  | { readonly whole: WholeTab };

/** A model that this one may be compared with. */
export interface NamedModel {
  readonly name: string;
  readonly uri: string;
}

export type ToInspector =
  | { readonly type: 'loading'; readonly name: string }
  | { readonly type: 'overview'; readonly overview: ViewOverview; readonly stamp: string }
  | { readonly type: 'default'; readonly isDefault: boolean }
  | { readonly type: 'error'; readonly message: string }
  | { readonly type: 'show'; readonly shown: Shown }
  /** The model to compare with is open (again). */
  | (NamedModel & {
      readonly type: 'other';
      readonly overview: ViewOverview;
      readonly stamp: string;
    })
  | { readonly type: 'noOther'; readonly message: string }
  | { readonly type: 'suggestions'; readonly models: readonly NamedModel[] }
  /** What was measured of the model, with earlier runs. */
  | { readonly type: 'measured'; readonly measured: Measured }
  /** How much of a simulation is done, 0 to 1. */
  | { readonly type: 'progress'; readonly id: number; readonly fraction: number }
  | { readonly type: 'answer'; readonly id: number; readonly result: ViewResult | LayerSimulation }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };

/** Whom a question is about, when it is not this model alone. */
export type About = 'both' | 'other';

export type FromInspector =
  | { readonly type: 'ready' }
  | { readonly type: 'retry' }
  | { readonly type: 'openLog' }
  | { readonly type: 'setDefault' }
  | { readonly type: 'showReport' }
  | { readonly type: 'chooseOther' }
  | { readonly type: 'suggestOther' }
  /** Both models change places. */
  | { readonly type: 'swapOther' }
  | { readonly type: 'closeOther' }
  /** `again`: as it was, and not the other way round. */
  | { readonly type: 'compareWith'; readonly uri: string; readonly again?: true }
  | { readonly type: 'measure'; readonly what: Measurement }
  /** Leaves a layer as it is and compresses again. */
  | { readonly type: 'protect'; readonly name: string; readonly path: string }
  /** Compresses the model to a size of its front. */
  | { readonly type: 'compressTo'; readonly bytes: number }
  | {
      readonly type: 'ask';
      readonly id: number;
      readonly name: ViewName;
      readonly query: Readonly<Record<string, unknown>>;
      readonly about?: About;
    }
  | SimulateQuestion
  /** The layer in the panel of the simulator. */
  | { readonly type: 'openSimulator' }
  | { readonly type: 'cancel'; readonly id: number }
  | OutputMessage;

/** One layer on EIE; answered with a `LayerSimulation`. */
export interface SimulateQuestion {
  readonly type: 'simulate';
  readonly id: number;
  /** Its tensor's position and name. */
  readonly tensor: number;
  readonly name: string;
  /** Position among the matrices of the tensor (gates, groups). */
  readonly part: number;
  readonly machine: MachineOptions;
}

export interface LayerSimulation {
  /** Names of its matrices; none: it cannot run on EIE. */
  readonly parts: readonly string[];
  /** Why it cannot; '' when it can. */
  readonly reason: string;
  readonly layer: PageLayer | null;
  readonly detail: LayerDetail | null;
}

/** The JSON block `#data` of the page. */
export interface InspectorPageData {
  readonly strings?: InspectorStrings;
  /** Of the simulator's pictures. */
  readonly eie?: EieStrings;
  /** What the page holds where it is a file of its own. */
  readonly model?: unknown;
}

const commands: readonly FromInspector['type'][] = [
  'ready',
  'retry',
  'openLog',
  'setDefault',
  'showReport',
  'chooseOther',
  'suggestOther',
  'swapOther',
  'closeOther',
  'openSimulator',
];

/** For the host: a page is less trusted than the extension. The worker checks names and queries. */
export function isFromInspector(message: unknown): message is FromInspector {
  if (typeof message !== 'object' || message === null) return false;
  const m = message as Readonly<Record<string, unknown>>;
  switch (m['type']) {
    case 'ask':
      return (
        Number.isSafeInteger(m['id']) &&
        typeof m['name'] === 'string' &&
        typeof m['query'] === 'object' &&
        m['query'] !== null &&
        (m['about'] === undefined || m['about'] === 'both' || m['about'] === 'other')
      );
    case 'simulate':
      return (
        Number.isSafeInteger(m['id']) &&
        Number.isSafeInteger(m['tensor']) &&
        typeof m['name'] === 'string' &&
        Number.isSafeInteger(m['part']) &&
        isMachine(m['machine'])
      );
    case 'compareWith':
      return typeof m['uri'] === 'string' && m['uri'].length < 4096;
    case 'measure':
      return measurements.some((what) => what === m['what']);
    case 'protect':
      return typeof m['name'] === 'string' && typeof m['path'] === 'string';
    case 'compressTo':
      return Number.isSafeInteger(m['bytes']);
    case 'cancel':
      return Number.isSafeInteger(m['id']);
    case 'copy':
    case 'save':
      return isOutputMessage(m);
    default:
      return commands.some((command) => command === m['type']);
  }
}

/** Number of a question that is none of `FromInspector`, so that whoever asked hears that it failed. */
export function unusableQuestion(message: unknown): number | undefined {
  if (typeof message !== 'object' || message === null || isFromInspector(message)) return undefined;
  const { type, id } = message as Readonly<Record<string, unknown>>;
  const asks = type === 'ask' || type === 'simulate';
  return asks && typeof id === 'number' ? id : undefined;
}

const arriving: readonly ToInspector['type'][] = [
  'loading',
  'overview',
  'default',
  'error',
  'show',
  'other',
  'noOther',
  'suggestions',
  'measured',
  'progress',
  'answer',
  'failed',
];

/** For the page: the shape is the host's own, a wrong `type` would be a defect. */
export function isToInspector(message: unknown): message is ToInspector {
  if (typeof message !== 'object' || message === null) return false;
  const { type } = message as { type?: unknown };
  return arriving.some((t) => t === type);
}
