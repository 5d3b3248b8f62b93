/**
 * For suites inside the extension host. Tests lie below the extension's folder, so VS Code gives
 * them the very API object of the extension: its windows can be answered and its views captured.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { limit } from '../../scripts/lib/pace.mjs';

export const extensionId = 'deep-compression.deep-compression';

export function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension(extensionId);
  assert.ok(found, `${extensionId} is not there`);
  return found;
}

/** A file of the workspace. */
export function inWorkspace(name: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, 'no workspace is open');
  return vscode.Uri.joinPath(folder.uri, name);
}

/** Puts `make(original)` in the place of a function of the API while `action` runs. */
export async function replaced<O extends object, K extends keyof O, T>(
  object: O,
  name: K,
  replacement: O[K],
  action: () => T | PromiseLike<T>,
): Promise<T> {
  const original = object[name];
  object[name] = replacement;
  try {
    return await action();
  } finally {
    object[name] = original;
  }
}

/** Collects the messages that VS Code is asked to show while `action` runs; nobody answers them. */
export async function messagesOf(action: () => unknown): Promise<string[]> {
  const messages: string[] = [];
  const collect = ((text: string) => {
    messages.push(text);
    return Promise.resolve(undefined);
  }) as never;
  const { window } = vscode;
  await replaced(window, 'showErrorMessage', collect, () =>
    replaced(window, 'showWarningMessage', collect, () =>
      replaced(window, 'showInformationMessage', collect, action),
    ),
  );
  return messages;
}

/** @param patience ms on a quiet machine */
export async function eventually(
  what: string,
  is: () => boolean | Promise<boolean>,
  patience = 10_000,
): Promise<void> {
  for (const end = Date.now() + limit(patience); Date.now() < end;) {
    if (await is()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`did not happen: ${what}`);
}

export const absent = (uri: vscode.Uri): boolean => !existsSync(uri.fsPath);

/** A figure that the report of the run shows beside the test's name. */
export function measured(context: Mocha.Context, text: string): void {
  (context.test as { measured?: string }).measured = text;
}
