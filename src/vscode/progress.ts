/**
 * A job with a progress notification: current layer, stage and percent, and a cancel button that
 * reaches the worker as an abort signal.
 */
import * as vscode from 'vscode';
import { formatShare } from '../../webview/ui/format.ts';
import { plainText } from '../model/plain-text.ts';
import type { Progress } from '../engine/protocol.ts';

/** Characters of a notification's second line. */
const longest = 200;

export interface Run {
  readonly signal: AbortSignal;
  /** Progress of item `index` of `count`; `label` goes before the layer. */
  readonly onProgress: (progress: Progress, index?: number, count?: number, label?: string) => void;
}

export async function withProgress<T>(title: string, work: (run: Run) => Promise<T>): Promise<T> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (view, token) => {
    const controller = new AbortController();
    const stop = token.onCancellationRequested(() => controller.abort());
    let shown = 0;
    try {
      return await work({
        signal: controller.signal,
        onProgress: ({ stage, layer, fraction }, index = 0, count = 1, label = '') => {
          const done = (index + Math.min(1, Math.max(0, fraction))) / count;
          const increment = Math.max(0, done * 100 - shown);
          shown += increment;
          const what = layer ? vscode.l10n.t('{0}: {1}', layer, stage) : stage;
          view.report({ message: line([label, what, percent(done)]), increment });
        },
      });
    } finally {
      stop.dispose();
    }
  });
}

function percent(done: number): string {
  return formatShare(Math.floor(done * 100) / 100).replace(/\.0+(?= )/, '');
}

function line(parts: readonly string[]): string {
  return plainText(parts.filter((part) => part !== '').join(' · '), longest);
}
