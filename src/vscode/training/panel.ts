/**
 * The window of a training: a page with the curves while it runs and what came of it, and, when the page
 * is closed, an item in the status bar that opens it again. The training does not depend on either.
 */
import { host } from '#host';
import * as vscode from 'vscode';
import {
  isFromTraining,
  type FromTraining,
  type ToTraining,
} from '../../../webview/training/messages.ts';
import { trainingPage } from '../../../webview/training/page.ts';
import { english } from '../../../webview/training/strings.ts';
import type { RunOptions } from '../../engine/client.ts';
import { checkpointKind } from '../../engine/checkpoint-kind.ts';
import { formatShare } from '../../../webview/ui/format.ts';
import { compressOne, type Compressed, type Compression } from '../compressing.ts';
import type { Samples } from '../dataset.ts';
import { withoutEnding } from '../endings.ts';
import { isCancelled, lineOf } from '../errors.ts';
import { exists, nameOf, pathOf, reveal, uriOfPath } from '../files.ts';
import { giveOut } from '../outputs.ts';
import { columnForPage, framePage, onMessage, openPage, translated } from '../pages.ts';
import { reportViewType, type Services } from '../services.ts';
import { TrainingSession } from './session.ts';

/** Milliseconds between two states that are sent to a page. */
const pace = 150;

export interface Training extends Compression {
  readonly samples: Samples;
  readonly preset: string;
}

/** Retrains and compresses, and shows how it goes; rejects as `compressOne` does. */
export async function trainInView(
  services: Services,
  training: Training,
  options: Pick<RunOptions, 'signal' | 'onProgress'>,
): Promise<Compressed> {
  const view = new TrainingView(services, training);
  return view.run(options);
}

class TrainingView {
  private readonly session = new TrainingSession(() => this.changed());
  private readonly item: vscode.StatusBarItem;
  private readonly command: vscode.Disposable;
  private panel: vscode.WebviewPanel | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Epochs that the page has been sent. */
  private sent = 0;

  constructor(
    private readonly services: Services,
    private readonly training: Training,
  ) {
    const name = nameOf(training.model);
    const id = `deepCompression.showTraining.${++TrainingView.count}`;
    this.command = vscode.commands.registerCommand(id, () => this.show());
    this.item = vscode.window.createStatusBarItem('training', vscode.StatusBarAlignment.Left);
    this.item.name = vscode.l10n.t('Training');
    this.item.tooltip = vscode.l10n.t('Training {0}. Click to see its curves.', name);
    this.item.command = id;
    this.show();
  }
  private static count = 0;

  async run(options: Pick<RunOptions, 'signal' | 'onProgress'>): Promise<Compressed> {
    const { services, session, training } = this;
    this.item.show();
    const followed = session.follow(options);
    const resumed = !training.fresh && (await exists(checkpointOf(training.out)));
    try {
      const result = await compressOne(services, training, followed);
      session.succeed(result);
      return result;
    } catch (error) {
      const cancelled = isCancelled(error);
      session.fail(cancelled ? undefined : lineOf(error, training.model));
      // a window that closes ends the training as well, and that one goes on later
      const wanted = followed.signal?.aborted === true;
      if (wanted && !resumed) removeCheckpoint(training.out);
      throw error;
    } finally {
      this.item.dispose();
      this.command.dispose();
    }
  }

  private show(): void {
    if (this.panel) return this.panel.reveal();
    const { services, training } = this;
    const name = nameOf(training.model);
    const panel = vscode.window.createWebviewPanel(
      'deepCompression.training',
      vscode.l10n.t('Training: {0}', name),
      columnForPage(),
      { enableFindWidget: true },
    );
    this.panel = panel;
    const listening = onMessage(
      panel.webview,
      isFromTraining,
      (message) => this.receive(message),
      (error) => void vscode.window.showErrorMessage(lineOf(error)),
    );
    panel.onDidDispose(() => {
      this.panel = undefined;
      clearTimeout(this.timer);
      this.timer = undefined;
      listening.dispose();
    });
    panel.webview.html = trainingPage({
      ...framePage(services, panel.webview, 'training'),
      data: {
        strings: translated(english),
        model: name,
        preset: training.preset,
        data: training.samples.name,
      },
    });
  }

  private receive(message: FromTraining): unknown {
    const { session, training } = this;
    const out = uriOfPath(training.out);
    switch (message.type) {
      case 'ready':
        this.sent = 0;
        return this.send();
      case 'pause':
        return session.pause();
      case 'resume':
        return session.resume();
      case 'stop':
        return session.stop();
      case 'cancel':
        return session.cancel();
      case 'report':
        return openPage(out, reportViewType);
      case 'reveal':
        return reveal(out);
      case 'openLog':
        return this.services.log.show();
      case 'copy':
      case 'save':
        return giveOut(this.services, message, {
          stem: withoutEnding(nameOf(training.model)),
          folder: vscode.Uri.joinPath(training.model, '..'),
          models: [training.model],
          data: [training.samples.data, ...(training.samples.test ? [training.samples.test] : [])],
        });
    }
  }

  private changed(): void {
    const { session } = this;
    const { fraction, phase } = session.state;
    const name = nameOf(this.training.model);
    const icon = phase === 'paused' ? '$(debug-pause)' : '$(sync~spin)';
    this.item.text = `${icon} ${name} ${formatShare(Math.floor(fraction * 100) / 100).replace(/\.0+(?= )/, '')}`;
    if (this.timer === undefined && this.panel)
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.send();
      }, pace);
  }

  /** Epochs first, so that a state is never ahead of its curves. */
  private send(): void {
    const { session, panel } = this;
    const post = (message: ToTraining): void => void panel?.webview.postMessage(message);
    const epochs = session.epochs.slice(this.sent);
    if (epochs.length > 0) post({ type: 'epochs', from: this.sent, epochs });
    this.sent = session.epochs.length;
    post({ type: 'state', state: session.state });
  }
}

export function checkpointOf(out: string): vscode.Uri {
  return uriOfPath(`${out}.checkpoint`);
}

/** Whoever cancels what they have just begun does not want to go on. */
function removeCheckpoint(out: string): void {
  try {
    host.files.remove(pathOf(checkpointOf(out)), checkpointKind);
  } catch {
    // what is there is not ours
  }
}
