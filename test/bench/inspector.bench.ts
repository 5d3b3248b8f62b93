/**
 * The inspector's page on a large model (VGG-16's shape, 553 MB, as in view.bench.ts), alone in a
 * Chromium and answered by the real worker: how long until its table of layers stands, the frames of
 * zooming and panning over its 25088 x 4096 layer, and what the page holds after that and after a look
 * into every layer. The browser draws without a GPU here: frame times are the lower bound of what a
 * desktop gives. Memory: V8's heap with the array buffers outside of it, as the browser itself
 * measures them, and the canvases.
 */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { EngineClient } from '../../src/engine/client.ts';
import { threadHost } from '../../src/engine/node/job-host.ts';
import { launchBrowser } from '../ui/support/browser.ts';
import { built, openLoneInspector } from '../ui/support/lone-page.ts';
import { cachedVgg } from './vgg-model.ts';

const path = cachedVgg(process.env['DEEPC_BENCH_FOLDER'] ?? join(tmpdir(), 'deepc-bench'));
const mega = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const line = (name: string, text: string): void => console.log(`${name.padEnd(46)} ${text}`);

const browser = await launchBrowser();
const engine = new EngineClient(threadHost(join(built, 'worker.js')));
try {
  const rows = 'table.all .rows tr';
  for (const again of ['', ', the worker warm']) {
    const from = performance.now();
    const lone = await openLoneInspector(browser, engine, path);
    await lone.page.locator(rows).first().waitFor();
    const ms = performance.now() - from;
    line(`open 553 MB to the table of layers${again}`, `${ms.toFixed(0)} ms (target 1000)`);
    if (again) await look(lone.page);
    await lone.close();
  }
} finally {
  await engine.dispose();
  await browser.close();
}

async function look(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  line('held by the page with the overview', await held(page, cdp));
  await page.locator('thead .c-bytes button').click();
  await page.locator('table.all .rows .open').first().click();
  const stage = page.locator('.stage[data-missing="0"]');
  await stage.waitFor({ timeout: 120_000 });
  const box = (await page.locator('.stage').boundingBox())!;
  const [x, y] = [box.x + box.width * 0.6, box.y + box.height * 0.5];
  await page.mouse.move(x, y);
  for (const [name, zoom] of [
    ['zoom in, from all to single weights', -60],
    ['zoom out again', 60],
  ] as const)
    line(
      name,
      await frames(page, async () => {
        for (let i = 0; i < 90; i++) await page.mouse.wheel(0, zoom);
      }),
    );
  for (let i = 0; i < 30; i++) await page.mouse.wheel(0, -60);
  await stage.waitFor({ timeout: 120_000 });
  line('pan, blocks of weights', await frames(page, () => drag(page, x, y)));
  for (let i = 0; i < 40; i++) await page.mouse.wheel(0, -60);
  await stage.waitFor({ timeout: 120_000 });
  line('pan, single weights', await frames(page, () => drag(page, x, y)));
  line('held by the page after that', await held(page, cdp));
  line('private memory of its process', privateMemory(await processOf()));
  const layers = await page.locator('.item').count();
  for (let i = 1; i < layers; i++) {
    await page.locator('.item').nth(i).click();
    await stage.waitFor({ timeout: 120_000 });
  }
  line(`held by the page after ${layers - 1} layers`, await held(page, cdp));
  line('private memory of its process', privateMemory(await processOf()));
}

async function drag(page: Page, x: number, y: number): Promise<void> {
  await page.mouse.down();
  for (let i = 1; i <= 150; i++)
    await page.mouse.move(x + 180 * Math.sin(i / 12), y + 120 * Math.sin(i / 17));
  await page.mouse.up();
}

/** Times between the frames that the browser shows while something moves. */
async function frames(page: Page, move: () => Promise<void>): Promise<string> {
  await page.evaluate(() => {
    const times: number[] = [];
    const state = { times, on: true };
    Object.assign(globalThis, { benchFrames: state });
    const tick = (now: number): void => {
      times.push(now);
      if (state.on) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  await move();
  const times = await page.evaluate(() => {
    const { benchFrames } = globalThis as unknown as {
      benchFrames: { times: number[]; on: boolean };
    };
    benchFrames.on = false;
    return benchFrames.times;
  });
  const gaps = times.slice(1).map((t, i) => t - times[i]!);
  gaps.sort((a, b) => a - b);
  const at = (share: number): string =>
    (gaps[Math.floor(share * (gaps.length - 1))] ?? 0).toFixed(1);
  return `${gaps.length} frames: median ${at(0.5)} ms, 95 % ${at(0.95)} ms, longest ${at(1)} ms`;
}

/** Heap, array buffers outside of it, and canvases. */
async function held(page: Page, cdp: CDPSession): Promise<string> {
  await page.waitForTimeout(500);
  await cdp.send('HeapProfiler.collectGarbage');
  const { bytes } = await page.evaluate(async () =>
    (
      performance as unknown as {
        measureUserAgentSpecificMemory(): Promise<{ bytes: number }>;
      }
    ).measureUserAgentSpecificMemory(),
  );
  const heap = (await cdp.send('Runtime.getHeapUsage')) as {
    usedSize: number;
    embedderHeapUsedSize?: number;
    backingStorageSize?: number;
  };
  const shown = await page.evaluate(() =>
    [...document.querySelectorAll('canvas')].reduce((n, c) => n + 4 * c.width * c.height, 0),
  );
  const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = heap;
  const parts = `heap ${mega(usedSize)}, elements ${mega(embedderHeapUsedSize)}, buffers ${mega(backingStorageSize)}, canvas on screen ${mega(shown)}`;
  return `${mega(bytes)} as the browser measures it (${parts})`;
}

/** The renderer that has worked most. */
async function processOf(): Promise<number | undefined> {
  const root = await browser.newBrowserCDPSession();
  const { processInfo } = await root.send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter((p) => p.type === 'renderer');
  renderers.sort((a, b) => b.cpuTime - a.cpuTime);
  return renderers[0]?.id;
}

/** What only this process holds: its code and its share of the browser's own included. */
function privateMemory(pid: number | undefined): string {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const kilobytes = [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)];
    return mega(kilobytes.reduce((n, m) => n + Number(m[1]), 0) * 1024);
  } catch {
    return 'not known on this system';
  }
}
