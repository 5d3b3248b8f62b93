/**
 * A page object over the real VS Code workbench: says what a user does (right-click, pick, press a
 * notification's button) and hides which elements VS Code draws for it. Every wait has a limit.
 */
import type { Browser, BrowserContext, Frame, Locator, Page } from 'playwright-core';
import type { OpenOptions, VSCodeServer } from './server.ts';
import { patience } from './wait.ts';

export interface Look {
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Device pixels per CSS pixel. */
  readonly scale?: number;
  readonly reducedMotion?: boolean;
}

const contexts = new Map<string, Promise<BrowserContext>>();

/** Windows of one look share a context, and with it the cache: the second opens much faster. */
function contextFor(
  browser: Browser,
  { viewport, scale, reducedMotion }: Look,
): Promise<BrowserContext> {
  const key = JSON.stringify([viewport, scale, reducedMotion]);
  const context =
    contexts.get(key) ??
    browser.newContext({
      viewport: viewport ?? { width: 1440, height: 900 },
      deviceScaleFactor: scale ?? 1,
      reducedMotion: reducedMotion ? 'reduce' : null,
      // the workbench asks before it writes to the clipboard
      permissions: ['clipboard-read', 'clipboard-write'],
    });
  contexts.set(key, context);
  return context;
}

export class Workbench {
  /** What the browser said about broken content security policies, in any frame. */
  readonly violations: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly hasFolder: boolean,
  ) {
    page.setDefaultTimeout(patience);
    page.on('console', (message) => {
      const text = message.text();
      if (/Content Security Policy|Refused to/i.test(text))
        this.violations.push(`${text} (${message.location().url})`);
    });
  }

  /** Opens a folder, or none, and waits until the extension's commands are known. */
  static async open(
    browser: Browser,
    server: VSCodeServer,
    folder: string | undefined,
    options: OpenOptions & Look = {},
  ): Promise<Workbench> {
    const page = await (await contextFor(browser, options)).newPage();
    const bench = new Workbench(page, folder !== undefined);
    await bench.page.goto(server.url(folder, options));
    await bench.ready().catch(async (error: unknown) => {
      await bench.page.screenshot({ path: 'dist-test/failed-start.png' });
      throw error;
    });
    return bench;
  }

  /** The extension's icon stands in the activity bar, and where a folder is open its explorer. */
  async ready(): Promise<void> {
    if (this.hasFolder) await this.page.locator('.explorer-folders-view .monaco-list').waitFor();
    await this.activity.waitFor();
  }

  private get activity(): Locator {
    return this.page.locator('.activitybar .action-label[class*="view-extension-deepCompression"]');
  }

  async close(): Promise<void> {
    await this.page.close();
  }

  /** As after opening: no editor, no notification, the explorer at the side. */
  async reset(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.closeEditors();
    await this.page.locator('.tabs-container .tab').first().waitFor({ state: 'detached' });
    await this.command('Notifications: Clear All Notifications');
    await this.showExplorer();
    this.violations.length = 0;
  }

  /** "Reload Window", which lets VS Code save what is open first. */
  async reload(): Promise<void> {
    const loaded = this.page.waitForEvent('load');
    await this.command('Developer: Reload Window');
    await loaded;
    await this.ready();
  }

  /** A row of the explorer, by file name. */
  file(name: string): Locator {
    return this.page.locator(`.explorer-folders-view .monaco-list-row[aria-label^="${name}"]`);
  }

  /**
   * Right-clicks a file, or the last of several with all of them selected, and chooses a menu item.
   * Plain clicks are avoided: they open the file, which takes the focus from what comes next.
   * Items that stand in the extension's own submenu are found there.
   */
  async contextMenu(files: readonly string[], item: string): Promise<void> {
    await this.showExplorer();
    if (files.length > 1) {
      await this.file(files[0] ?? '').focus();
      await this.page.keyboard.press('Escape');
      for (const name of files) await this.file(name).click({ modifiers: ['ControlOrMeta'] });
    }
    await this.file(files.at(-1) ?? '').click({ button: 'right' });
    await this.choose(item);
  }

  /** Chooses an item of the menu that is open. VS Code ignores clicks on a menu just opened. */
  async choose(item: string): Promise<void> {
    const label = (text: string): Locator =>
      this.page.locator('.monaco-menu .action-label', { hasText: text }).first();
    await this.page.locator('.monaco-menu .action-label').first().waitFor();
    await this.page.waitForTimeout(400);
    if (!(await label(item).isVisible())) {
      await label('Deep Compression').hover();
      await label(item).waitFor();
      await this.page.waitForTimeout(400);
    }
    await label(item).click();
  }

  async showExplorer(): Promise<void> {
    const shown = this.page.locator('.explorer-folders-view');
    if (!(await shown.isVisible()))
      await this.page.locator('.activitybar .action-label[aria-label^="Explorer"]').click();
    await shown.waitFor();
  }

  /** Opens the extension's own side bar. */
  async showInspector(): Promise<void> {
    if (!(await this.inspectorPane.isVisible())) await this.activity.click();
    await this.inspectorPane.waitFor();
  }

  private get inspectorPane(): Locator {
    return this.page.locator('.sidebar[data-active-composite$=".deepCompression"]');
  }

  /** Drags the side bar's edge. */
  async widenSideBar(pixels: number): Promise<void> {
    const box = await this.page.locator('.part.sidebar').boundingBox();
    if (!box) throw new Error('there is no side bar');
    const [x, y] = [box.x + box.width + 2, box.y + box.height / 2];
    await this.page.mouse.move(x, y);
    await this.page.mouse.down();
    await this.page.mouse.move(x + pixels, y, { steps: 5 });
    await this.page.mouse.up();
  }

  /** A row of the tree in the side bar, by its label. */
  treeRow(label: string | RegExp): Locator {
    return this.page.locator('.sidebar .monaco-list-row[role="treeitem"]', { hasText: label });
  }

  /** Runs a command through the palette, by its full title. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    await this.quickInput.locator('input').first().fill(`>${title}`);
    await this.quickRow(title).first().click();
  }

  get quickInput(): Locator {
    return this.page.locator('.quick-input-widget:visible');
  }

  quickRow(text: string | RegExp): Locator {
    return this.quickInput.locator('.monaco-list-row', { hasText: text });
  }

  /** The labels of the quick pick that is shown (a short list: all of it is drawn). */
  async quickLabels(): Promise<string[]> {
    await this.quickInput.locator('.monaco-list-row').first().waitFor();
    const rows = this.quickInput.locator('.quick-input-list-row:first-child .label-name');
    return (await rows.allInnerTexts()).map((t) => t.trim());
  }

  /** A long list draws only what is in sight: what is not there soon is typed. */
  async pick(text: string | RegExp): Promise<void> {
    const row = this.quickRow(text).first();
    if (typeof text === 'string')
      await row
        .waitFor({ timeout: 3000 })
        .catch(() => this.quickInput.locator('input').first().fill(text));
    await row.click();
  }

  /** A notification that is on the screen. */
  notification(text: string | RegExp): Locator {
    return this.page.locator('.notification-toast', { hasText: text });
  }

  /** Presses a button of a notification. */
  async answer(text: string | RegExp, button: string): Promise<void> {
    const toast = this.notification(text).first();
    await toast.waitFor();
    await toast.hover();
    await toast.locator('.monaco-button', { hasText: button }).first().click();
  }

  /** Waits for a notification and closes it. */
  async dismiss(text: string | RegExp): Promise<void> {
    const toast = this.notification(text).first();
    await toast.waitFor();
    await toast.hover();
    await toast.locator('.codicon-notifications-clear').first().click();
    await toast.waitFor({ state: 'detached' });
  }

  /** Changes the colour theme as a user does; the server keeps it for the windows that follow. */
  async setTheme(name: string): Promise<void> {
    await this.command('Preferences: Color Theme');
    // the palette has become the list of themes
    const input = this.quickInput.locator('input[placeholder*="color theme" i]').first();
    await input.waitFor();
    await input.fill(name);
    await this.pick(name);
    await this.quickInput.waitFor({ state: 'hidden' });
  }

  /** A modal question of VS Code. */
  get dialog(): Locator {
    return this.page.locator('.monaco-dialog-box');
  }

  editorTab(name: string | RegExp): Locator {
    return this.page.locator('.tabs-container .tab', { hasText: name });
  }

  async closeEditors(): Promise<void> {
    await this.command('View: Close All Editors');
  }

  /** The innermost frame of the webview in which the selector is found. */
  async webview(selector: string): Promise<Frame> {
    const end = Date.now() + patience;
    for (;;) {
      for (const frame of this.page.frames())
        if (frame !== this.page.mainFrame() && !frame.isDetached())
          if (
            await frame
              .locator(selector)
              .count()
              .catch(() => 0)
          )
            return frame;
      if (Date.now() > end) throw new Error(`no webview shows ${selector}`);
      await this.page.waitForTimeout(100);
    }
  }
}
