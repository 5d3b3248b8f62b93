/**
 * A job with a progress notification: current layer, stage, percent and time left, and a cancel button that
 * reaches the worker as an abort signal.
 */
import * as vscode from 'vscode';
import { formatShare } from '../../webview/ui/format.ts';
import { plainText } from '../model/plain-text.ts';
import type { Progress } from '../engine/protocol.ts';
import { TimeLeft } from '../engine/time-left.ts';

/** Characters of a notification's second line. */
const longest = 200;

export interface Run {
  readonly signal: AbortSignal;
  /** Progress of item `index` of `count`; `label` goes before the layer. */
  readonly onProgress: (progress: Progress, index?: number, count?: number, label?: string) => void;
}

export async function withProgress<T>(title: string, work: (run: Run) => Promise<T>): Promise<T> {
  const details = vscode.l10n.t('Details');
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: `${title} ([${details}](command:deepCompression.openLog))`,
    cancellable: true,
  };
  return vscode.window.withProgress(options, async (view, token) => {
    const controller = new AbortController();
    const stop = token.onCancellationRequested(() => controller.abort());
    let shown = 0;
    const left = new TimeLeft();
    try {
      return await work({
        signal: controller.signal,
        onProgress: ({ stage, layer, fraction }, index = 0, count = 1, label = '') => {
          const done = (index + Math.min(1, Math.max(0, fraction))) / count;
          const increment = Math.max(0, done * 100 - shown);
          shown += increment;
          const what = layer ? vscode.l10n.t('{0}: {1}', layer, stage) : stage;
          const message = line([label, what, percent(done), leftText(left.at(done))]);
          view.report({ message, increment });
        },
      });
    } finally {
      stop.dispose();
    }
  });
}

function leftText(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  return seconds < 60
    ? vscode.l10n.t('about {0} s left', seconds)
    : vscode.l10n.t('about {0} min left', Math.round(seconds / 60));
}

function percent(done: number): string {
  return formatShare(Math.floor(done * 100) / 100).replace(/\.0+(?= )/, '');
}

function line(parts: readonly string[]): string {
  return plainText(parts.filter((part) => part !== '').join(' · '), longest);
}
