/** What every part of the extension is handed: the context, the log and the engine's workers. */
import type * as vscode from 'vscode';
import type { EngineClient } from '../engine/client.ts';

export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly engine: EngineClient;
  /** Trains and evaluates in a worker of its own, or a process: what takes long holds up nothing else. */
  readonly trainer: EngineClient;
}

export const viewId = 'deepCompression.models';
export const reportViewType = 'deepCompression.report';
export const eieViewType = 'deepCompression.eie';
export const modelEditorViewType = 'deepCompression.inspector';
