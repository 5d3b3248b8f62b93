/**
 * One of our pages alone in a Chromium tab, as dist/webview has it, with a host in this process: for
 * what a whole workbench would blur (frame times, memory) or make slow (many widths and themes).
 * Colours are those of a page opened as a file, light or dark.
 */
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { EngineClient } from '../../../src/engine/client.ts';
import type { Views } from '../../../src/engine/protocol-view.ts';
import { ViewHandle } from '../../../src/engine/view-handle.ts';
import {
  isFromInspector,
  type FromInspector,
  type ToInspector,
} from '../../../webview/inspector/messages.ts';
import { inspectorPage } from '../../../webview/inspector/page.ts';
import { english } from '../../../webview/inspector/strings.ts';

export interface LonePage {
  readonly page: Page;
  /** What the browser said about broken content security policies. */
  readonly violations: readonly string[];
  close(): Promise<void>;
}

export interface Look {
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Device pixels a CSS pixel. */
  readonly scale?: number;
  readonly dark?: boolean;
  readonly reducedMotion?: boolean;
  readonly forcedColors?: boolean;
}

/** Where a page and its files are found: `<site>/<name>.css`. As safe a place as a webview's. */
export const site = 'http://localhost:9';
/** Folder of the build. */
export const built = resolve(process.env['DC_DIST'] ?? 'dist');
/** With these a page may measure its own memory. */
const isolated = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** @param receive what the host does with a message of the page; `post` answers */
export async function openLone(
  browser: Browser,
  html: string,
  receive: (message: unknown, post: (message: object) => Promise<void>) => unknown,
  { viewport, scale, dark, reducedMotion, forcedColors }: Look = {},
): Promise<LonePage> {
  const context = await browser.newContext({
    viewport: viewport ?? { width: 1440, height: 900 },
    deviceScaleFactor: scale ?? 1,
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
    forcedColors: forcedColors ? 'active' : 'none',
  });
  const page = await context.newPage();
  const violations: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/i.test(message.text())) violations.push(message.text());
  });
  const post = (message: object): Promise<void> =>
    page
      .evaluate((data) => void dispatchEvent(new MessageEvent('message', { data })), message)
      .catch(() => undefined); // the page is gone
  // typed arrays cross the border, bare buffers do not
  await page.exposeBinding('postToHost', (_, message: { content?: unknown }) => {
    const { content } = message;
    const whole = content instanceof Uint8Array ? { content: content.slice().buffer } : {};
    return receive({ ...message, ...whole }, post);
  });
  await page.addInitScript(() => {
    const state: { saved?: unknown } = {};
    const { postToHost } = globalThis as unknown as { postToHost(m: unknown): Promise<void> };
    Object.assign(globalThis, {
      acquireVsCodeApi: () => ({
        postMessage: (message: { content?: unknown }) => {
          const { content } = message;
          const bytes = content instanceof ArrayBuffer ? { content: new Uint8Array(content) } : {};
          void postToHost({ ...message, ...bytes });
        },
        getState: () => state.saved,
        setState: (saved: unknown) => (state.saved = saved),
      }),
    });
  });
  await page.route(`${site}/**`, (route) => {
    const name = basename(new URL(route.request().url()).pathname);
    if (name === '')
      return route.fulfill({
        contentType: 'text/html',
        headers: isolated,
        body: html.replace('<html ', '<html class="standalone" '),
      });
    const contentType = name.endsWith('.css') ? 'text/css' : 'text/javascript';
    return route.fulfill({
      contentType,
      headers: isolated,
      body: readFileSync(join(built, 'webview', name)),
    });
  });
  await page.goto(`${site}/`);
  return { page, violations, close: () => context.close() };
}

/** What a page's HTML is made with, at `site`. */
export const loneParts = (name: string) => ({
  ...{ cspSource: site, cssUri: `${site}/${name}.css`, jsUri: `${site}/${name}.js` },
  ...{ nonce: 'lone', lang: 'en' },
});

export interface LoneInspector extends LonePage {
  /** What the page wanted beside answers: to save, to copy. */
  readonly outputs: readonly FromInspector[];
  /** Questions that are not answered yet. */
  readonly waiting: () => number;
}

/** The inspector on a file, its questions answered by the worker. */
export async function openLoneInspector(
  browser: Browser,
  engine: EngineClient,
  model: string,
  look?: Look,
): Promise<LoneInspector> {
  const outputs: FromInspector[] = [];
  const asked = new Map<number, AbortController>();
  let handle: ViewHandle | undefined;
  type Ask = Extract<FromInspector, { type: 'ask' }>;
  const answer = async ({ id, name, query }: Ask): Promise<ToInspector | undefined> => {
    const question = new AbortController();
    asked.set(id, question);
    try {
      const result = await handle!.ask(name, query as Views[typeof name]['query'], {
        signal: question.signal,
      });
      return question.signal.aborted ? undefined : { type: 'answer', id, result };
    } catch (error) {
      const message = (error as Error).message;
      return question.signal.aborted ? undefined : { type: 'failed', id, message };
    } finally {
      asked.delete(id);
    }
  };
  const html = inspectorPage({
    ...loneParts('inspector'),
    title: basename(model),
    data: { strings: english },
  });
  const lone = await openLone(
    browser,
    html,
    async (message, post) => {
      if (!isFromInspector(message)) throw new Error('the page said what no page may say');
      if (message.type === 'ready') {
        handle ??= await ViewHandle.open(engine, { path: model });
        await post({ type: 'overview', overview: handle.overview, stamp: handle.stamp });
      } else if (message.type === 'ask') {
        const answered = await answer(message);
        if (answered) await post(answered);
      } else if (message.type === 'cancel') asked.get(message.id)?.abort();
      else outputs.push(message);
    },
    look,
  );
  return {
    ...lone,
    outputs,
    waiting: () => asked.size,
    close: async () => {
      await lone.close();
      await handle?.close();
    },
  };
}
