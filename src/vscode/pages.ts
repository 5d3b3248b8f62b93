/**
 * What every page of ours needs of its host: where its files lie, messages that are checked, its
 * sentences in the user's language; and, for the page of a file, to hear when the file has changed.
 */
import * as vscode from 'vscode';
import { exists, nameOf } from './files.ts';
import type { Services } from './services.ts';

/** Milliseconds a file must rest before it is read again. */
const settle = 300;

/** What the HTML of a page names. */
export interface PageFrame {
  readonly cspSource: string;
  readonly cssUri: string;
  readonly jsUri: string;
  readonly nonce: string;
  readonly lang: string;
}

/** Lets a webview load what lies in dist/webview and nothing else. @param page name of its files */
export function framePage(services: Services, webview: vscode.Webview, page: string): PageFrame {
  const dist = vscode.Uri.joinPath(services.context.extensionUri, 'dist', 'webview');
  const address = (file: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(dist, file)).toString();
  webview.options = { enableScripts: true, localResourceRoots: [dist] };
  return {
    cspSource: webview.cspSource,
    cssUri: address(`${page}.css`),
    jsUri: address(`${page}.js`),
    nonce: crypto.randomUUID(),
    lang: vscode.env.language,
  };
}

/**
 * Where a page of ours opens: beside one that shows no file, such as a walkthrough, which leads to more
 * than one page and forgets where it was when it is covered; else where the user is.
 */
export function columnForPage(): vscode.ViewColumn {
  const { activeTab } = vscode.window.tabGroups.activeTabGroup;
  const leads = activeTab !== undefined && activeTab.input === undefined;
  return leads ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active;
}

/** Opens a file in one of our editors, or brings it to the front. */
export async function openPage(uri: vscode.Uri, viewType: string): Promise<void> {
  await vscode.commands.executeCommand('vscode.openWith', uri, viewType, {
    preview: false,
    viewColumn: columnForPage(),
  } satisfies vscode.TextDocumentShowOptions);
}

/**
 * Passes on messages that the page may send; what fails on the way is told to `failed`, and what the page
 * may not send to `refused`.
 */
export function onMessage<T>(
  webview: vscode.Webview,
  isMessage: (message: unknown) => message is T,
  receive: (message: T) => unknown,
  failed: (error: unknown) => void,
  refused?: (message: unknown) => void,
): vscode.Disposable {
  return webview.onDidReceiveMessage((message: unknown) => {
    if (isMessage(message))
      Promise.resolve()
        .then(() => receive(message))
        .catch(failed);
    else refused?.(message);
  });
}

/** A page's sentences; scripts/l10n.mjs takes the English ones from webview/<page>/strings.ts. */
export function translated<T extends object>(english: T): { readonly [K in keyof T]: string } {
  return Object.fromEntries(
    Object.entries(english as Record<string, string>).map(([key, text]) => [
      key,
      vscode.l10n.t(text),
    ]),
  ) as { [K in keyof T]: string };
}

export interface FileWatch extends vscode.Disposable {
  /** For a change that was seen elsewhere. */
  changed(): void;
}

/**
 * Calls `reload` when a file has changed and has rested since. One that is replaced is away for a
 * moment: what is shown stays until it is back.
 */
export function watchFile(uri: vscode.Uri, reload: () => unknown): FileWatch {
  let timer: NodeJS.Timeout | undefined;
  let open = true;
  const changed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(
      () => void exists(uri).then((there) => (there && open ? reload() : undefined)),
      settle,
    );
  };
  // a file name as a glob: ? stands for each character that a glob would read as its own
  const name = nameOf(uri).replace(/[[\]{}*?]/g, '?');
  const watcher = vscode.workspace.createFileSystemWatcher(
    new vscode.RelativePattern(vscode.Uri.joinPath(uri, '..'), name),
  );
  watcher.onDidChange(changed);
  watcher.onDidCreate(changed);
  return {
    changed,
    dispose: () => {
      open = false;
      clearTimeout(timer);
      watcher.dispose();
    },
  };
}
