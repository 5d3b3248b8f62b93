/**
 * The report as the editor of .dcz files: opened by a click, by "Show Compression Report" and after
 * a window reload alike, always from the file itself. The page asks with `ready`; it is sent the
 * data again whenever the file changes on disk.
 */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { isFromReport, type FromReport, type ToReport } from '../../../webview/report/messages.ts';
import { editorReport } from '../../../webview/report/page.ts';
import { isCancelled, lineOf } from '../errors.ts';
import { exists, inputOf, nameOf, reveal } from '../files.ts';
import { giveOut } from '../outputs.ts';
import { reportViewType, type Services } from '../services.ts';
import { reportStrings } from './strings.ts';

/** Milliseconds a file must rest before it is read again. */
const settle = 300;

export function registerReport(services: Services): void {
  const provider: vscode.CustomReadonlyEditorProvider = {
    openCustomDocument: (uri) => ({ uri, dispose: () => undefined }),
    resolveCustomEditor: (document, panel) => attach(services, document.uri, panel),
  };
  services.context.subscriptions.push(
    vscode.window.registerCustomEditorProvider(reportViewType, provider, {
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
  let loading: AbortController | undefined;
  let timer: NodeJS.Timeout | undefined;
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
      if (loading === mine) post({ type: 'report', report });
    } catch (error) {
      if (loading !== mine || isCancelled(error)) return;
      services.log.error(`report of ${uri.toString(true)}: ${String(error)}`);
      post({ type: 'error', message: lineOf(error, uri) });
    }
  };
  const handle = (message: FromReport): unknown => {
    switch (message.type) {
      case 'ready':
      case 'retry':
        return load();
      case 'reveal':
        return reveal(uri);
      case 'decompress':
        return vscode.commands.executeCommand('deepCompression.decompress', uri);
      case 'openLog':
        return services.log.show();
      case 'copy':
      case 'save':
        return giveOut(message, {
          stem: nameOf(uri).replace(/\.dcz$/i, ''),
          folder: vscode.Uri.joinPath(uri, '..'),
          model: uri,
        });
    }
  };

  webview.options = { enableScripts: true, localResourceRoots: [dist] };
  const watcher = vscode.workspace.createFileSystemWatcher(
    new vscode.RelativePattern(vscode.Uri.joinPath(uri, '..'), globLiteral(nameOf(uri))),
  );
  const changed = (): void => {
    clearTimeout(timer);
    // a file that is replaced is away for a moment: keep what is shown until it is back
    timer = setTimeout(
      () => void exists(uri).then((there) => (there ? load() : undefined)),
      settle,
    );
  };
  const disposables = [
    webview.onDidReceiveMessage((message: unknown) => {
      if (!isFromReport(message)) return;
      Promise.resolve(handle(message)).catch((error: unknown) => services.log.error(String(error)));
    }),
    watcher,
    watcher.onDidChange(changed),
    watcher.onDidCreate(changed),
  ];
  panel.onDidDispose(() => {
    clearTimeout(timer);
    loading?.abort();
    for (const disposable of disposables) disposable.dispose();
  });
  webview.html = editorReport({
    cspSource: webview.cspSource,
    cssUri: address('report.css'),
    jsUri: address('report.js'),
    nonce: randomBytes(16).toString('base64url'),
    lang: vscode.env.language,
    title: nameOf(uri),
    data: { strings: reportStrings() },
  });
}

/** A file name as a glob: `?` stands for each character that a glob would read as its own. */
function globLiteral(name: string): string {
  return name.replace(/[[\]{}*?]/g, '?');
}
