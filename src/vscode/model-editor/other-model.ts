/** The model that the one of an editor is compared with: found, chosen, opened, told to the page. */
import * as vscode from 'vscode';
import type { ToInspector } from '../../../webview/inspector/messages.ts';
import { UserError } from '../errors.ts';
import { allKinds, searchedEndings } from '../endings.ts';
import { findFiles, kindOf, nameOf } from '../files.ts';
import type { Services } from '../services.ts';
import { chooseModel } from './choose-model.ts';
import { openInspectorOn } from './requests.ts';
import { partnersOf } from './partners.ts';
import { WatchedView } from './watched-view.ts';

/** Likely partners that a page offers. */
const mostOffered = 3;

export class OtherModel implements vscode.Disposable {
  private opened: WatchedView | undefined;

  constructor(
    private readonly services: Services,
    private readonly own: vscode.Uri,
    private readonly post: (message: ToInspector) => void,
  ) {}

  get view(): WatchedView | undefined {
    return this.opened;
  }

  /**
   * Opens a model to compare with, unless it is the one that is open. A .dcz is shown in its own page, with this
   * model as the base, unless that is `asAsked`.
   */
  async open(uri: vscode.Uri, asAsked = false): Promise<void> {
    if (this.opened?.uri.toString() === uri.toString()) return this.show();
    if (uri.toString() === this.own.toString())
      throw new UserError(vscode.l10n.t('A model cannot be compared with itself.'));
    // what was made is looked at, what it was made of is what it is compared with
    if (kindOf(this.own) !== 'dcz' && kindOf(uri) === 'dcz' && !asAsked)
      return openInspectorOn(uri, { shown: { whole: 'compare' }, other: this.own });
    this.opened?.dispose();
    const view = (this.opened = new WatchedView(this.services, uri, {
      loading: () => undefined,
      opened: () => this.show(),
      failed: (message) => {
        if (this.opened === view) this.close(message);
      },
    }));
    await view.load();
  }

  /** By the name that a page has kept: any model, nothing else. */
  async openNamed(name: string, asAsked: boolean): Promise<void> {
    const uri = vscode.Uri.parse(name, true);
    if (uri.scheme !== this.own.scheme || !kindOf(uri)) return;
    await this.open(uri, asAsked);
  }

  /** The user says which. */
  async choose(): Promise<void> {
    const title = vscode.l10n.t('Compare {0} with', nameOf(this.own));
    const uri = await chooseModel(title, this.own);
    if (uri) await this.open(uri);
  }

  /** Tells the page which models of the workspace it is likely to be compared with. */
  async suggest(): Promise<void> {
    const found = await findFiles(searchedEndings(allKinds));
    const byPath = new Map(found.map((uri) => [uri.path, uri]));
    const likely = partnersOf(this.own.path, [...byPath.keys()]).filter((p) => p.likely);
    this.post({
      type: 'suggestions',
      models: likely.slice(0, mostOffered).map(({ path }) => {
        const uri = byPath.get(path)!;
        return { name: vscode.workspace.asRelativePath(uri, false), uri: uri.toString() };
      }),
    });
  }

  /** Tells the page what is open, if anything is. */
  show(): void {
    const { opened } = this;
    if (!opened?.handle) return;
    const { uri, handle } = opened;
    this.post({
      ...{ type: 'other', name: nameOf(uri), uri: uri.toString() },
      ...{ overview: handle.overview, stamp: handle.stamp },
    });
  }

  /** Both change places: the other one's page, with this one as its base. */
  async swap(): Promise<void> {
    const { opened } = this;
    if (!opened) return;
    await openInspectorOn(opened.uri, { shown: { whole: 'compare' }, other: this.own });
  }

  close(message = ''): void {
    this.opened?.dispose();
    this.opened = undefined;
    this.post({ type: 'noOther', message });
  }

  dispose(): void {
    this.opened?.dispose();
    this.opened = undefined;
  }
}
