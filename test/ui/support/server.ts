/**
 * A VS Code server for tests (docs/testing.md): its own data, settings and workspace in one
 * temporary folder that close() removes. Wants DC_VSCODE_NODE and DC_VSCODE_SERVER, which
 * scripts/test.mjs sets, and runs behind scripts/lib/guard.mjs so that it cannot outlive us.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { limit } from '../../../scripts/lib/pace.mjs';

export interface ServerOptions {
  /** User settings beside the ones that keep a fresh VS Code quiet. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Ask for trust as a user's VS Code does; without it every folder is trusted. */
  readonly trust?: boolean;
  /**
   * A .vsix to install before the start, as a user does. Without one, the server is ready for an
   * extension under development; that takes VS Code's test driver, which shows no notifications.
   */
  readonly vsix?: string;
  /** Environment for the server, and so for the extension host. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface OpenOptions {
  /** Folder of the extension under development; without it only installed extensions run. */
  readonly extension?: string;
  /** Compiled suite to run inside the extension host. */
  readonly suite?: string;
}

export interface VSCodeServer {
  readonly port: number;
  /** Everything below here is removed by close(). */
  readonly home: string;
  /** Address of the workbench on a folder, or on none. */
  url(folder: string | undefined, options?: OpenOptions): string;
  /** Writes the user settings for the windows that are opened from now on. */
  settings(values: Readonly<Record<string, unknown>>): void;
  close(): Promise<void>;
}

const quiet = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.tips.enabled': false,
  'chat.disableAIFeatures': true,
  'extensions.ignoreRecommendations': true,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'window.confirmBeforeClose': 'never',
};

const needed = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests through npm test`);
  return value;
};

export async function startServer(options: ServerOptions = {}): Promise<VSCodeServer> {
  const node = needed('DC_VSCODE_NODE');
  const main = needed('DC_VSCODE_SERVER');
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'deepc-vscode-')));
  const data = join(home, 'server');
  const settingsFile = join(data, 'data', 'User', 'settings.json');
  const settings: VSCodeServer['settings'] = (values) => {
    mkdirSync(dirname(settingsFile), { recursive: true });
    const trust = { 'security.workspace.trust.enabled': options.trust ?? false };
    const all = { ...quiet, ...trust, ...options.settings, ...values };
    writeFileSync(settingsFile, JSON.stringify(all, null, 2));
  };
  settings({});
  const env = { ...process.env, PATH: `${dirname(node)}:${process.env['PATH']}`, ...options.env };
  const folders = ['--server-data-dir', data, '--extensions-dir', join(home, 'extensions')];
  const child = spawn(
    process.execPath,
    [
      resolve('scripts/lib/guard.mjs'),
      home,
      node,
      main,
      ...['--host', '127.0.0.1', '--port', '0', '--without-connection-token'],
      ...['--accept-server-license-terms', '--telemetry-level', 'off'],
      ...(options.vsix
        ? ['--install-extension', options.vsix, '--start-server']
        : ['--enable-smoke-test-driver']),
      ...folders,
    ],
    // a group of its own: it lives until its stdin closes, whoever is killed before
    { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  );
  const closed = new Promise<void>((done) => child.once('close', () => done()));
  const close = async (): Promise<void> => {
    child.stdin.end();
    await closed; // the guard has removed everything
  };
  const port = await new Promise<number>((done, fail) => {
    let output = '';
    const timer = setTimeout(
      () => fail(new Error(`VS Code did not start:\n${output}`)),
      limit(60_000),
    );
    const read = (chunk: Buffer): void => {
      output += String(chunk);
      const match = /Extension host agent listening on (\d+)/.exec(output);
      if (!match) return;
      clearTimeout(timer);
      done(Number(match[1]));
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void closed.then(() => fail(new Error(`VS Code ended while starting:\n${output}`)));
  }).catch(async (error: unknown) => {
    await close();
    throw error;
  });

  const authority = `127.0.0.1:${port}`;
  return {
    port,
    home,
    settings,
    close,
    url(folder, { extension, suite } = {}) {
      const remote = (path: string): string => `vscode-remote://${authority}${resolve(path)}`;
      const payload = [
        ...(extension ? [['extensionDevelopmentPath', remote(extension)]] : []),
        ...(suite ? [['extensionTestsPath', remote(suite)]] : []),
      ];
      const query = new URLSearchParams(folder === undefined ? { ew: 'true' } : { folder });
      if (payload.length) query.set('payload', JSON.stringify(payload));
      return `http://${authority}/?${query.toString()}`;
    },
  };
}
