/**
 * Failures as people see them: one line and a way to the log. An engine error's line is shown as it
 * is; anything else is a defect of ours and says so, with its stack in the log only.
 */
import * as vscode from 'vscode';
import type { DeepCompressionError } from '../model/errors.ts';
import { plainText } from '../model/plain-text.ts';
import type { Log, Services } from './services.ts';
import { inOwnWays } from './own-words.ts';

/** Characters of a notification. */
const longestLine = 1000;

/** True for the engine's own errors; `instanceof` would load its room into the extension host. */
export function isEngineError(error: unknown): error is DeepCompressionError {
  return error instanceof Error && error.name === 'DeepCompressionError' && 'code' in error;
}

export function isCancelled(error: unknown): boolean {
  return (
    error instanceof vscode.CancellationError ||
    (isEngineError(error) && error.code === 'cancelled')
  );
}

/** A failure on our side of the engine that its line explains fully. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** One line for a person. With the file at hand, its path is shortened to its name. */
export function lineOf(error: unknown, file?: vscode.Uri): string {
  const line = fullLineOf(error);
  const named = file ? line.replaceAll(file.fsPath, () => file.path.split('/').pop() ?? '') : line;
  return plainText(named, longestLine);
}

function fullLineOf(error: unknown): string {
  if (isEngineError(error)) return inOwnWays(firstLine(error.message));
  if (error instanceof UserError || error instanceof vscode.FileSystemError)
    return firstLine(error.message);
  const text = error instanceof Error ? error.message : String(error);
  return vscode.l10n.t('Unexpected error: {0}', firstLine(text));
}

/** Logs the failure and shows it, with a button to the log. Cancelling is not a failure. */
export function report(error: unknown, doing: string, { log }: Services): void {
  if (isCancelled(error)) {
    log.info(`${doing}: cancelled`);
    return;
  }
  log.error(`${doing}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  void offerLog(vscode.window.showErrorMessage(lineOf(error), openLogLabel()), log);
}

export function openLogLabel(): string {
  return vscode.l10n.t('Open Log');
}

export async function offerLog(choice: Thenable<string | undefined>, log: Log): Promise<void> {
  if ((await choice) === openLogLabel()) log.show();
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
