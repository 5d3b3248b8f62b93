/**
 * The report as the editor of .dcz files: opened by a click, by "Show Compression Report" and after
 * a window reload alike, always from the file itself. The page asks with `ready`; it is sent the
 * data again whenever the file changes on disk.
 */
import * as vscode from 'vscode';
import { isFromReport, type FromReport, type ToReport } from '../../../webview/report/messages.ts';
import { editorReport } from '../../../webview/report/page.ts';
import { english } from '../../../webview/report/strings.ts';
import { isCancelled, lineOf } from '../errors.ts';
import { inputOf, nameOf, reveal } from '../files.ts';
import { attemptsOf, besides } from './attempts.ts';
import { editRecipe } from './edit-recipe.ts';
import { compressTo } from '../commands/find-smallest.ts';
import { originalFor } from '../measurable.ts';
import { measure, measuredOf, onDidMeasure } from '../measured.ts';
import { openInspectorOn } from '../model-editor/requests.ts';
import { giveOut } from '../outputs.ts';
import { framePage, onMessage, openPage, translated, watchFile } from '../pages.ts';
import { reportViewType, type Services } from '../services.ts';

export function attach(services: Services, uri: vscode.Uri, panel: vscode.WebviewPanel): void {
  const { webview } = panel;
  let loading: AbortController | undefined;
  const post = (message: ToReport): void => void webview.postMessage(message);

  const load = async (): Promise<void> => {
    loading?.abort();
    const mine = (loading = new AbortController());
    post({ type: 'loading', name: nameOf(uri) });
    try {
      const report = await services.engine.run(
        'report',
        { file: await inputOf(uri) },
        { signal: mine.signal },
      );
      if (loading !== mine) return;
      post({ type: 'report', report });
      recipe = report.recipeDetails;
      tellMeasured();
      void attemptsOf(services, uri).then(
        (attempts) => post({ type: 'attempts', attempts }),
        untold,
      );
    } catch (error) {
      if (loading !== mine || isCancelled(error)) return;
      services.log.error(`report of ${uri.toString(true)}: ${String(error)}`);
      post({ type: 'error', message: lineOf(error, uri) });
    }
  };
  // a report stays when what lies around it cannot be told
  const untold = (error: unknown): void =>
    services.log.warn(`beside ${uri.toString(true)}: ${String(error)}`);
  const tellMeasured = (): void =>
    void measuredOf(services, uri).then((measured) => post({ type: 'measured', measured }), untold);
  let recipe: object | undefined;
  const handle = (message: FromReport): unknown => {
    switch (message.type) {
      case 'ready':
      case 'retry':
        return load();
      case 'reveal':
        return reveal(uri);
      case 'decompress':
        return vscode.commands.executeCommand('deepCompression.decompress', uri);
      case 'use':
        return vscode.commands.executeCommand('deepCompression.useModel', uri);
      case 'compressAgain':
        return originalFor(uri).then((model) =>
          vscode.commands.executeCommand('deepCompression.compress', model),
        );
      case 'editRecipe':
        return recipe && editRecipe(uri, recipe);
      case 'measure':
        return measure(message.what, uri);
      case 'compressTo':
        return originalFor(uri).then((model) => compressTo(model, message.bytes));
      case 'openAttempt':
        return openPage(besides(uri, message.path), reportViewType);
      case 'openLayer':
        return openInspectorOn(uri, { shown: { layer: message.layer } });
      case 'openLog':
        return services.log.show();
      case 'copy':
      case 'save':
        return giveOut(services, message, {
          stem: nameOf(uri).replace(/\.dcz$/i, ''),
          folder: vscode.Uri.joinPath(uri, '..'),
          models: [uri],
        });
    }
  };

  const disposables = [
    watchFile(uri, load),
    onDidMeasure(tellMeasured),
    onMessage(webview, isFromReport, handle, (error) => {
      services.log.error(String(error));
      void vscode.window.showErrorMessage(lineOf(error));
    }),
  ];
  panel.onDidDispose(() => {
    loading?.abort();
    for (const disposable of disposables) disposable.dispose();
  });
  webview.html = editorReport({
    ...framePage(services, webview, 'report'),
    title: nameOf(uri),
    data: { strings: translated(english) },
  });
}
