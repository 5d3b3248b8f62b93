/**
 * The model inspector as a read-only editor: what models open in, and one of the ways to open a .dcz.
 * The page asks, the worker answers; the host only
 * passes on. Editors of one file share what the worker holds; a file that changes is opened anew;
 * closing an editor stops what it asked for.
 */
import * as vscode from 'vscode';
import {
  isFromInspector,
  unusableQuestion,
  type FromInspector,
  type ToInspector,
} from '../../../webview/inspector/messages.ts';
import type { Measured } from '../../../webview/accuracy/measured.ts';
import { inspectorPage } from '../../../webview/inspector/page.ts';
import { english } from '../../../webview/inspector/strings.ts';
import { english as eieEnglish } from '../../../webview/eie/strings.ts';
import type { ViewHandle } from '../../engine/view-handle.ts';
import { withoutEnding } from '../endings.ts';
import { lineOf } from '../errors.ts';
import { nameOf } from '../files.ts';
import { compressTo } from '../commands/find-smallest.ts';
import { originalFor } from '../measurable.ts';
import { measure, measuredOf, onDidMeasure } from '../measured.ts';
import { giveOut } from '../outputs.ts';
import { framePage, onMessage, translated } from '../pages.ts';
import { protectLayer } from '../protect-layer.ts';
import type { Services } from '../services.ts';
import { isDefaultEditor, makeDefaultEditor, tellOfForeignEditor } from './associations.ts';
import { OtherModel } from './other-model.ts';
import { Questions } from './questions.ts';
import { registerEditor, takeRequest, type ShowRequest } from './requests.ts';
import { WatchedView } from './watched-view.ts';

export function attach(services: Services, uri: vscode.Uri, panel: vscode.WebviewPanel): void {
  const { webview } = panel;
  // what is said before the page listens is lost: `ready` asks for it
  let listening = false;
  const post = (message: ToInspector): void => {
    if (listening) void webview.postMessage(message);
  };
  const place = {
    stem: withoutEnding(nameOf(uri)),
    folder: vscode.Uri.joinPath(uri, '..'),
  };
  let request = takeRequest(uri);

  const show = (opened: ViewHandle): void => {
    post({ type: 'overview', overview: opened.overview, stamp: opened.stamp });
    other.show();
    tellMeasured();
    if (request?.shown) post({ type: 'show', shown: request.shown });
    request = undefined;
  };
  const loading: ToInspector = { type: 'loading', name: nameOf(uri) };
  const own = new WatchedView(services, uri, {
    loading: () => post(loading),
    opened: (handle) => {
      problem = '';
      if (!listening) return; // it is shown when the page is ready
      questions.abandon();
      show(handle);
    },
    failed: (message) => {
      questions.abandon();
      problem = message;
      post({ type: 'error', message });
    },
  });
  const tellMeasured = (): void =>
    void measuredOf(services, uri).then(showMeasured, (error: unknown) =>
      services.log.warn(`what was measured of ${uri.toString(true)}: ${String(error)}`),
    );
  const showMeasured = (measured: Measured): void => {
    const state = JSON.stringify(measured);
    // a page that shows nothing is not made anew to show nothing
    if (state === told) return;
    told = state;
    post({ type: 'measured', measured });
  };
  let told = '{}';
  let problem = '';
  const other = new OtherModel(services, uri, post);
  const questions = new Questions(services, own, () => other.view, post);

  const receive = (message: FromInspector): unknown => {
    switch (message.type) {
      case 'ready':
        listening = true;
        told = '{}';
        post({ type: 'default', isDefault: isDefaultEditor(uri) });
        // a page that was hidden begins anew; what the worker holds is still there
        questions.abandon();
        if (request?.other) void other.open(request.other, true);
        if (own.handle) return show(own.handle);
        return post(problem ? { type: 'error', message: problem } : loading);
      case 'retry':
        problem = '';
        return own.load();
      case 'openLog':
        return services.log.show();
      case 'setDefault':
        return makeDefaultEditor(uri);
      case 'showReport':
        return vscode.commands.executeCommand('deepCompression.showReport', uri);
      case 'chooseOther':
        return other.choose();
      case 'suggestOther':
        return other.suggest();
      case 'compareWith':
        return other.openNamed(message.uri, message.again === true);
      case 'swapOther':
        return other.swap();
      case 'closeOther':
        return other.close();
      case 'measure':
        return measure(message.what, uri);
      case 'protect':
        return protectLayer(services, uri, message);
      case 'compressTo':
        return originalFor(uri).then((model) => compressTo(model, message.bytes));
      case 'openSimulator':
        return vscode.commands.executeCommand('deepCompression.eieSimulate', { uri, input: '' });
      case 'ask':
      case 'simulate':
        return questions.answer(message);
      case 'cancel':
        return questions.cancel(message.id);
      case 'copy':
      case 'save':
        return giveOut(services, message, {
          ...place,
          models: [uri, ...(other.view ? [other.view.uri] : [])],
        });
    }
  };
  const wanted = (more: ShowRequest): void => {
    if (more.other) void other.open(more.other, true);
    // a page that is not there yet asks for it when it is ready
    if (panel.visible && own.handle && more.shown) post({ type: 'show', shown: more.shown });
    else request = more;
  };

  const disposables = [
    own,
    other,
    registerEditor(uri, {
      get active() {
        return panel.active;
      },
      receive: wanted,
    }),
    onMessage(
      webview,
      isFromInspector,
      receive,
      (error) => {
        services.log.error(String(error));
        void vscode.window.showErrorMessage(lineOf(error));
      },
      (message) => {
        const id = unusableQuestion(message);
        const why = vscode.l10n.t('The page asked what cannot be answered');
        if (id !== undefined) post({ type: 'failed', id, message: why });
      },
    ),
    onDidMeasure(tellMeasured),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('workbench.editorAssociations'))
        post({ type: 'default', isDefault: isDefaultEditor(uri) });
    }),
  ];
  panel.onDidDispose(() => {
    questions.abandon();
    for (const disposable of disposables) disposable.dispose();
  });
  webview.html = inspectorPage({
    ...framePage(services, webview, 'inspector'),
    title: nameOf(uri),
    data: { strings: translated(english), eie: translated(eieEnglish) },
  }); // the worker opens the file while the page is loaded
  void own.load();
  void tellOfForeignEditor(services, uri);
}
