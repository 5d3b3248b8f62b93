/**
 * The EIE panel: a window onto one session. One panel a source; asked for again, it comes to the
 * front. The page asks with `ready`, also after it was hidden, and is then sent what there is.
 */
import * as vscode from 'vscode';
import { isOnDisk } from '../files.ts';
import {
  isFromEie,
  isMachine,
  viewIds,
  type EieState,
  type FromEie,
  type ToEie,
  type ViewId,
} from '../../../webview/eie/messages.ts';
import { eiePanel } from '../../../webview/eie/page.ts';
import { english } from '../../../webview/eie/strings.ts';
import type { SimulateResult } from '../../engine/protocol-eie.ts';
import { withoutEnding } from '../endings.ts';
import { isCancelled, lineOf } from '../errors.ts';
import { giveOut } from '../outputs.ts';
import { columnForPage, framePage, onMessage, translated } from '../pages.ts';
import { eieViewType, type Services } from '../services.ts';
import { EieSession, toJson } from './session.ts';
import {
  folderFor,
  layersOf,
  sourceFrom,
  sourceName,
  sourceText,
  type EieSource,
} from './source.ts';

interface Open {
  readonly panel: vscode.WebviewPanel;
  readonly show: (view: ViewId) => void;
  readonly loaded: () => Promise<SimulateResult | undefined>;
}
const open = new Map<string, Open>();

/** Fills a panel that was open when the window was reloaded; one of nothing known is closed. */
export function restoreEie(services: Services, panel: vscode.WebviewPanel, state: unknown): void {
  const { source, machine, layer, view } = (state ?? {}) as Partial<
    Record<keyof EieState, unknown>
  >;
  const known = sourceFrom(source);
  if (!known) return panel.dispose();
  attach(services, panel, known, {
    machine: isMachine(machine) ? machine : {},
    layer: typeof layer === 'number' ? layer : -1,
    view: viewIds.find((v) => v === view) ?? 'layer',
  });
}

/**
 * Opens the panel of a source, or brings it to the front.
 * @returns the first run, or undefined when it was cancelled or failed; the panel says why
 */
export function openEie(
  services: Services,
  source: EieSource,
  view: ViewId,
): Promise<SimulateResult | undefined> {
  const there = open.get(sourceText(source));
  if (there) {
    there.panel.reveal();
    there.show(view);
    return there.loaded();
  }
  const panel = vscode.window.createWebviewPanel(eieViewType, '', columnForPage(), {
    enableFindWidget: true,
  });
  return attach(services, panel, source, { machine: {}, layer: -1, view }).loaded();
}

function attach(
  services: Services,
  panel: vscode.WebviewPanel,
  source: EieSource,
  start: Pick<EieState, 'machine' | 'layer' | 'view'>,
): Open {
  const { webview } = panel;
  const key = sourceText(source);
  const name = sourceName(source);
  const post = (message: ToEie): void => void webview.postMessage(message);
  const line = (error: unknown): string | undefined => {
    if (isCancelled(error)) return undefined;
    services.log.error(
      `EIE, ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return lineOf(error, source.kind === 'model' ? source.uri : undefined);
  };
  const place = {
    stem: stem(name),
    folder: folderFor(source),
    models: source.kind === 'model' ? [source.uri] : [],
    ...(source.kind === 'model' &&
      source.input &&
      isOnDisk(source.input) && { data: [{ file: { path: source.input.fsPath } }] }),
  };
  const session = new EieSession(services.engine, () => layersOf(source), post, line, start);
  let loading: Promise<SimulateResult | undefined> | undefined;
  let controller: AbortController | undefined;
  let problem = '';
  let progress: ToEie = { type: 'loading', name, line: '', fraction: 0 };
  let view = start.view;

  // the panel itself shows the progress, with a button to cancel; closing it cancels as well
  const load = async (): Promise<SimulateResult | undefined> => {
    problem = '';
    const mine = (controller = new AbortController());
    try {
      return await session.load(mine.signal, (p) =>
        post(
          (progress = {
            type: 'loading',
            name,
            line: p.layer ? `${p.layer}: ${p.stage}` : p.stage,
            fraction: p.fraction,
          }),
        ),
      );
    } catch (error) {
      problem = line(error) ?? vscode.l10n.t('Canceled.');
      post({ type: 'error', message: problem, request: 0 });
      return undefined;
    }
  };
  const handle = (message: FromEie): unknown => {
    switch (message.type) {
      case 'ready':
        if (session.ready) return session.show();
        return post(problem ? { type: 'error', message: problem, request: 0 } : progress);
      case 'retry':
        return (loading = load());
      case 'cancel':
        return controller?.abort();
      case 'machine':
        return session.set(message);
      case 'sweep':
        return session.sweep(message);
      case 'cancelSweep':
        return session.cancelSweep();
      case 'openLog':
        return services.log.show();
      case 'copy':
      case 'save':
        return giveOut(services, message, place);
      case 'saveJson': {
        const content = session.result && toJson(session.result);
        return (
          content &&
          giveOut(services, { type: 'save', name: 'eie', format: 'json', content }, place)
        );
      }
    }
  };

  panel.title = vscode.l10n.t('EIE: {0}', name);
  const listening = onMessage(webview, isFromEie, handle, (error) => {
    const text = line(error);
    if (text !== undefined) void vscode.window.showErrorMessage(text);
  });
  const made: Open = {
    panel,
    show: (wanted) => post({ type: 'view', view: (view = wanted) }),
    loaded: () => (loading ??= load()),
  };
  panel.onDidDispose(() => {
    if (open.get(key) === made) open.delete(key);
    controller?.abort();
    session.dispose();
    listening.dispose();
  });
  open.set(key, made);
  webview.html = eiePanel({
    ...framePage(services, webview, 'eie'),
    data: { strings: translated(english), title: name, view, source: key },
  });
  void made.loaded();
  return made;
}

function stem(name: string): string {
  return withoutEnding(name).replace(/\s+/g, '-').toLowerCase();
}
