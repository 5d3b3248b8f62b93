/**
 * What an editor of the inspector shall show when it is opened, or when it is open already: a layer, a
 * tab, a model to compare with. VS Code opens editors by file alone, so the rest waits here.
 */
import * as vscode from 'vscode';
import type { Shown } from '../../../webview/inspector/messages.ts';
import { openPage } from '../pages.ts';
import { modelEditorViewType } from '../services.ts';

export interface ShowRequest {
  readonly shown?: Shown;
  readonly other?: vscode.Uri;
}

/** An editor that is open. */
export interface OpenEditor {
  readonly active: boolean;
  readonly receive: (request: ShowRequest) => void;
}

const waiting = new Map<string, ShowRequest>();
const open = new Map<string, Set<OpenEditor>>();

/** Opens the inspector on a file, or brings it to the front. */
export async function openInspectorOn(uri: vscode.Uri, request?: ShowRequest): Promise<void> {
  const key = uri.toString();
  if (request) waiting.set(key, request);
  await openPage(uri, modelEditorViewType);
  // no editor was made for it: it goes to the one that is there
  const editors = [...(open.get(key) ?? [])];
  const editor = editors.find((e) => e.active) ?? editors.at(-1);
  const left = editor && takeRequest(uri);
  if (left) editor.receive(left);
}

/** What the editor that is being made for a file shall show. */
export function takeRequest(uri: vscode.Uri): ShowRequest | undefined {
  const request = waiting.get(uri.toString());
  waiting.delete(uri.toString());
  return request;
}

export function registerEditor(uri: vscode.Uri, editor: OpenEditor): vscode.Disposable {
  const key = uri.toString();
  const editors = open.get(key) ?? new Set();
  open.set(key, editors.add(editor));
  return new vscode.Disposable(() => {
    editors.delete(editor);
    if (editors.size === 0 && open.get(key) === editors) open.delete(key);
  });
}
