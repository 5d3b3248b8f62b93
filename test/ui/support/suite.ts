/**
 * What the ui tests share: one browser, one server with the packaged extension installed, and
 * throw-away workspaces. Made on first use, closed when the last test of the process is over.
 */
import { after } from 'node:test';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { startServer, type ServerOptions, type VSCodeServer } from './server.ts';
import { Workbench, type Look } from './workbench.ts';
import { createWorkspace } from './workspace.ts';

let browser: Promise<Browser> | undefined;
const servers = new Map<string, Promise<VSCodeServer>>();
let count = 0;

/** The user settings of every ui test: a preset of the user's own, and files named after the model alone. */
const settings = {
  'deepCompression.outputName': '${name}.dcz',
  'deepCompression.presets': {
    'two-bits': { description: 'Four shared values a layer', share: { bits: 2 } },
  },
};

/** The browser of all tests. */
export function sharedBrowser(): Promise<Browser> {
  return (browser ??= launchBrowser());
}

export async function server(options: ServerOptions = {}): Promise<VSCodeServer> {
  const vsix = process.env['DC_VSIX'];
  if (!vsix) throw new Error('DC_VSIX is not set: run these tests through npm test');
  const key = JSON.stringify(options);
  const running =
    servers.get(key) ??
    startServer({ vsix, ...options, settings: { ...settings, ...options.settings } });
  servers.set(key, running);
  return running;
}

export interface Session {
  readonly bench: Workbench;
  readonly folder: string;
  /** Path of a file in the workspace. */
  readonly path: (name: string) => string;
  close(): Promise<void>;
}

/** The window that tests of one file share. */
let shared: Session | undefined;

type SessionOptions = ServerOptions & Look & { readonly name?: string; readonly closed?: true };

/** A fresh workspace in a fresh window. `name` is the folder's; `closed`: the window does not open it. */
export async function session(
  files?: Readonly<Record<string, string>>,
  options: SessionOptions = {},
): Promise<Session> {
  await shared?.close();
  shared = undefined;
  const { viewport, scale, reducedMotion, name, closed, ...serverOptions } = options;
  const look: Look = {
    ...(viewport && { viewport }),
    ...(scale && { scale }),
    ...(reducedMotion && { reducedMotion }),
  };
  const running = await server(serverOptions);
  running.settings({}); // whatever a test before has changed
  const folder = createWorkspace(join(running.home, name ?? `workspace-${++count}`), files);
  const opened = closed ? undefined : folder;
  const bench = await Workbench.open(await sharedBrowser(), running, opened, look);
  return {
    bench,
    folder,
    path: (name) => join(folder, name),
    close: async () => {
      await bench.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a test in a session of its own. */
export function inSession(
  test: (session: Session) => Promise<void>,
  files?: Readonly<Record<string, string>>,
  options?: SessionOptions,
): () => Promise<void> {
  return twice(async () => {
    const own = await session(files, options);
    try {
      await pictured(own, test);
    } finally {
      await own.close();
    }
  });
}

/**
 * Runs the tests of a file in one window, which is reset before each and made anew after one that failed.
 * They find the files that the tests before have made.
 */
export function inOneWindow(
  files?: Readonly<Record<string, string>>,
): (test: (session: Session) => Promise<void>) => () => Promise<void> {
  let own: Session | undefined;
  return (test) =>
    twice(async () => {
      if (own !== undefined && own === shared) await own.bench.reset();
      else shared = own = await session(files);
      try {
        await pictured(own, test);
      } catch (error) {
        await own.close();
        own = shared = undefined;
        throw error;
      }
    });
}

/**
 * A whole browser and a whole VS Code now and then miss a moment on a busy machine, so a test that failed is
 * tried once more in a fresh window, and the run says so: a defect fails twice.
 */
function twice(attempt: () => Promise<void>): () => Promise<void> {
  return async () => {
    try {
      await attempt();
    } catch (error) {
      const line = error instanceof Error ? error.message.split('\n')[0] : String(error);
      console.log(`  tried again: ${line}`);
      await attempt();
    }
  };
}

/** Keeps a picture of the window when a test fails. */
async function pictured(own: Session, test: (session: Session) => Promise<void>): Promise<void> {
  try {
    await test(own);
  } catch (error) {
    const picture = `dist-test/failed-${Date.now()}.png`;
    await own.bench.page.screenshot({ path: picture }).catch(() => {});
    if (error instanceof Error) error.message += `\n(the window: ${picture})`;
    throw error;
  }
}

export async function closeAll(): Promise<void> {
  await (await browser)?.close();
  for (const running of servers.values()) await (await running).close();
}

if (process.env['NODE_TEST_CONTEXT']) after(closeAll); // not in scripts/screenshots.mjs
