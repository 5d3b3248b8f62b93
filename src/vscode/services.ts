/** What every part of the extension is handed: the context, the log and the engine. */
import type * as vscode from 'vscode';
import type { EngineClient } from '../engine/client.ts';

export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly engine: EngineClient;
}

export const viewId = 'deepCompression.models';
export const reportViewType = 'deepCompression.report';
export const eieViewType = 'deepCompression.eie';
export const modelEditorViewType = 'deepCompression.inspector';
