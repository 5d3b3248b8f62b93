/**
 * "Find the smallest…": sizes of one model with what each costs, in a list that grows while they are
 * measured; the one that is picked is compressed. Closing the list ends the search, which goes on with what it
 * has found when it is asked for again.
 */
import * as vscode from 'vscode';
import { formatAccuracy, formatBytes, formatRatio } from '../../webview/ui/format.ts';
import type { FrontPoint } from '../engine/protocol-search.ts';
import { inputFrom, type Samples } from './dataset.ts';
import { isCancelled } from './errors.ts';
import { inputOf } from './files.ts';
import { measuredOf, rememberMeasured } from './measured.ts';
import type { Services } from './services.ts';
import { settingsFor } from './settings.ts';

interface PointItem extends vscode.QuickPickItem {
  readonly point: FrontPoint;
}

/** The command line's own default. */
const seed = 1;

/** Undefined when the list is closed. */
export async function findSmallest(
  services: Services,
  model: vscode.Uri,
  samples: Samples,
  title: string,
): Promise<FrontPoint | undefined> {
  const { data, normalisation } = inputFrom(samples);
  const file = await inputOf(model);
  const { threads } = settingsFor(model);
  const { front } = await measuredOf(services, model);
  const controller = new AbortController();
  const pick = vscode.window.createQuickPick<PointItem>();
  pick.title = title;
  pick.placeholder = vscode.l10n.t('Sizes appear as they are measured; pick one to compress');
  pick.ignoreFocusOut = true;
  pick.keepScrollPosition = true;
  pick.busy = true;
  const points: FrontPoint[] = [];
  let complete = false;
  const keep = async (): Promise<void> => {
    if (points.length > 0)
      await rememberMeasured(services, model, { front: { on: samples.name, points, complete } });
  };
  return new Promise((resolve, reject) => {
    pick.onDidAccept(() => {
      resolve(pick.selectedItems[0]?.point);
      pick.hide();
    });
    pick.onDidHide(() => {
      controller.abort();
      void keep().catch((error: unknown) => services.log.error(String(error)));
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
    const input = {
      ...{ file, data, seed, threads },
      ...(normalisation && { normalisation }),
      // a search that was ended goes on
      ...(front?.on === samples.name && { known: front.points }),
    };
    services.trainer
      .run('search', input, {
        signal: controller.signal,
        onProgress: ({ fraction }) => void (pick.title = `${title} · ${formatAccuracy(fraction)}`),
        onEvent: ({ point }) => {
          points.push(point);
          points.sort((a, b) => a.bytes - b.bytes);
          pick.items = points.map(itemOf);
        },
      })
      .then(
        () => {
          complete = true;
          pick.title = title;
          pick.busy = false;
        },
        (error: unknown) => {
          if (!isCancelled(error))
            reject(error instanceof Error ? error : new Error(String(error)));
          pick.hide();
        },
      );
  });
}

function itemOf(point: FrontPoint): PointItem {
  const { bytes, ratio, loss, error, relativeError, verdict } = point;
  return {
    label: `${verdict === 'kept' ? '' : '$(warning) '}${formatBytes(bytes)}`,
    description: vscode.l10n.t('{0} smaller', formatRatio(ratio)),
    detail: vscode.l10n.t(
      'Expected loss {0} ± {1}; outputs moved by {2}',
      formatAccuracy(loss),
      formatAccuracy(error),
      formatAccuracy(relativeError),
    ),
    point,
  };
}
