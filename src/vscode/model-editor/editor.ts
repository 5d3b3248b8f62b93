/**
 * The model inspector as a read-only editor of .onnx and .dcz files: one of several ways to open
 * them, never the default unless the user says so. The page asks, the worker answers; the host only
 * passes on. Editors of one file share what the worker holds; a file that changes is opened anew;
 * closing an editor stops what it asked for.
 */
import * as vscode from 'vscode';
import {
  isFromInspector,
  type FromInspector,
  type ToInspector,
} from '../../../webview/inspector/messages.ts';
import { inspectorPage } from '../../../webview/inspector/page.ts';
import { english } from '../../../webview/inspector/strings.ts';
import type { Views } from '../../engine/protocol-view.ts';
import { ViewHandle } from '../../engine/view-handle.ts';
import { isCancelled, isEngineError, lineOf } from '../errors.ts';
import { inputOf, nameOf } from '../files.ts';
import { giveOut } from '../outputs.ts';
import { framePage, onMessage, translated, watchFile } from '../pages.ts';
import type { Services } from '../services.ts';
import { isDefaultEditor, makeDefaultEditor } from './associations.ts';

export function attach(services: Services, uri: vscode.Uri, panel: vscode.WebviewPanel): void {
  const { webview } = panel;
  const post = (message: ToInspector): void => void webview.postMessage(message);
  const place = {
    stem: nameOf(uri).replace(/\.(onnx|dcz)$/i, ''),
    folder: vscode.Uri.joinPath(uri, '..'),
    model: uri,
  };
  const asked = new Map<number, AbortController>();
  let loading: AbortController | undefined;
  let handle: ViewHandle | undefined;
  let closed = false;

  const abandon = (): void => {
    for (const question of asked.values()) question.abort();
    asked.clear();
  };
  const show = (opened: ViewHandle): void =>
    post({ type: 'overview', overview: opened.overview, stamp: opened.stamp });
  const load = async (): Promise<void> => {
    loading?.abort();
    const mine = (loading = new AbortController());
    post({ type: 'loading', name: nameOf(uri) });
    try {
      const opened = await ViewHandle.open(services.engine, await inputOf(uri), {
        signal: mine.signal,
      });
      if (closed || loading !== mine) return void opened.close();
      const before = handle;
      handle = opened;
      abandon();
      void before?.close();
      show(opened);
    } catch (error) {
      if (closed || loading !== mine || isCancelled(error)) return;
      // what was shown is not the file's content any more
      abandon();
      void handle?.close();
      handle = undefined;
      services.log.error(`inspector of ${uri.toString(true)}: ${String(error)}`);
      post({ type: 'error', message: lineOf(error, uri) });
    }
  };
  const watch = watchFile(uri, load);
  const answer = async ({
    id,
    name,
    query,
  }: Extract<FromInspector, { type: 'ask' }>): Promise<void> => {
    if (!handle) return post({ type: 'failed', id, message: '' });
    const from = handle;
    const question = new AbortController();
    asked.set(id, question);
    try {
      const result = await from.ask(name, query as Views[typeof name]['query'], {
        signal: question.signal,
      });
      if (asked.get(id) === question) post({ type: 'answer', id, result });
    } catch (error) {
      if (closed || isCancelled(error) || asked.get(id) !== question) return;
      // the watcher may not see every change: the worker does
      if (isEngineError(error) && error.code === 'changed') watch.changed();
      else services.log.warn(`inspector of ${uri.toString(true)}: ${name}: ${String(error)}`);
      post({ type: 'failed', id, message: lineOf(error, uri) });
    } finally {
      if (asked.get(id) === question) asked.delete(id);
    }
  };
  const receive = (message: FromInspector): unknown => {
    switch (message.type) {
      case 'ready':
        post({ type: 'default', isDefault: isDefaultEditor(uri) });
        // a page that was hidden begins anew; what the worker holds is still there
        abandon();
        return handle ? show(handle) : load();
      case 'retry':
        return load();
      case 'openLog':
        return services.log.show();
      case 'setDefault':
        return makeDefaultEditor(uri);
      case 'showReport':
        return vscode.commands.executeCommand('deepCompression.showReport', uri);
      case 'ask':
        return answer(message);
      case 'cancel':
        asked.get(message.id)?.abort();
        return asked.delete(message.id);
      case 'copy':
      case 'save':
        return giveOut(message, place);
    }
  };

  const disposables = [
    watch,
    onMessage(webview, isFromInspector, receive, (error) => {
      services.log.error(String(error));
      void vscode.window.showErrorMessage(lineOf(error));
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('workbench.editorAssociations'))
        post({ type: 'default', isDefault: isDefaultEditor(uri) });
    }),
  ];
  panel.onDidDispose(() => {
    closed = true;
    loading?.abort();
    abandon();
    void handle?.close();
    for (const disposable of disposables) disposable.dispose();
  });
  webview.html = inspectorPage({
    ...framePage(services, webview, 'inspector'),
    title: nameOf(uri),
    data: { strings: translated(english) },
  });
}
