/**
 * The model inspector as a read-only editor of .onnx and .dcz files: one of several ways to open
 * them, never the default unless the user says so. The page asks, the worker answers; the host only
 * passes on. Editors of one file share what the worker holds; a file that changes is opened anew;
 * closing an editor stops what it asked for.
 */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import {
  isFromInspector,
  type FromInspector,
  type ToInspector,
} from '../../../webview/inspector/messages.ts';
import { inspectorPage } from '../../../webview/inspector/page.ts';
import type { Views } from '../../engine/protocol-view.ts';
import { ViewHandle } from '../../engine/view-handle.ts';
import { isCancelled, isEngineError, lineOf } from '../errors.ts';
import { exists, inputOf, nameOf } from '../files.ts';
import { giveOut } from '../outputs.ts';
import { modelEditorViewType, type Services } from '../services.ts';
import { isDefaultEditor, makeDefaultEditor } from './associations.ts';
import { inspectorStrings } from './strings.ts';

/** Milliseconds a file must rest before it is read again. */
const settle = 300;

export function registerModelEditor(services: Services): void {
  const provider: vscode.CustomReadonlyEditorProvider = {
    openCustomDocument: (uri) => ({ uri, dispose: () => undefined }),
    resolveCustomEditor: (document, panel) => attach(services, document.uri, panel),
  };
  services.context.subscriptions.push(
    vscode.window.registerCustomEditorProvider(modelEditorViewType, provider, {
      webviewOptions: { enableFindWidget: true },
      supportsMultipleEditorsPerDocument: true,
    }),
  );
}

function attach(services: Services, uri: vscode.Uri, panel: vscode.WebviewPanel): void {
  const { webview } = panel;
  const dist = vscode.Uri.joinPath(services.context.extensionUri, 'dist', 'webview');
  const address = (file: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(dist, file)).toString();
  const post = (message: ToInspector): void => void webview.postMessage(message);
  const place = {
    stem: nameOf(uri).replace(/\.(onnx|dcz)$/i, ''),
    folder: vscode.Uri.joinPath(uri, '..'),
    model: uri,
  };
  const asked = new Map<number, AbortController>();
  let loading: AbortController | undefined;
  let handle: ViewHandle | undefined;
  let timer: NodeJS.Timeout | undefined;
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
  const changed = (): void => {
    clearTimeout(timer);
    // a file that is replaced is away for a moment: keep what is shown until it is back
    timer = setTimeout(
      () => void exists(uri).then((there) => (there && !closed ? load() : undefined)),
      settle,
    );
  };
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
      if (isEngineError(error) && error.code === 'changed') changed();
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

  webview.options = { enableScripts: true, localResourceRoots: [dist] };
  const watcher = vscode.workspace.createFileSystemWatcher(
    new vscode.RelativePattern(
      vscode.Uri.joinPath(uri, '..'),
      // a file name as a glob: ? stands for each character that a glob would read as its own
      nameOf(uri).replace(/[[\]{}*?]/g, '?'),
    ),
  );
  const disposables = [
    webview.onDidReceiveMessage((message: unknown) => {
      if (!isFromInspector(message)) return;
      Promise.resolve(receive(message)).catch((error: unknown) => {
        services.log.error(String(error));
        void vscode.window.showErrorMessage(lineOf(error));
      });
    }),
    watcher,
    watcher.onDidChange(changed),
    watcher.onDidCreate(changed),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('workbench.editorAssociations'))
        post({ type: 'default', isDefault: isDefaultEditor(uri) });
    }),
  ];
  panel.onDidDispose(() => {
    closed = true;
    clearTimeout(timer);
    loading?.abort();
    abandon();
    void handle?.close();
    for (const disposable of disposables) disposable.dispose();
  });
  webview.html = inspectorPage({
    cspSource: webview.cspSource,
    cssUri: address('inspector.css'),
    jsUri: address('inspector.js'),
    nonce: randomBytes(16).toString('base64url'),
    lang: vscode.env.language,
    title: nameOf(uri),
    data: { strings: inspectorStrings() },
  });
}
