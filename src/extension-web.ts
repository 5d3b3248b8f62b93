/**
 * The extension in a browser without a server (vscode.dev, github.dev): the engine in a web worker over
 * files that are read and written through VS Code. Tasks and native code are not there.
 */
import * as vscode from 'vscode';
import { EngineClient } from './engine/client.ts';
import { webHost } from './engine/web/job-host.ts';
import { activateWith } from './vscode/activate.ts';
import { uriOfPath } from './vscode/files.ts';

let clients: readonly EngineClient[] = [];

export function activate(context: vscode.ExtensionContext): void {
  const open = webHost(
    once(() => workerStart(context.extensionUri)),
    {
      async read(path) {
        try {
          return new Uint8Array(await vscode.workspace.fs.readFile(uriOfPath(path)));
        } catch {
          return undefined;
        }
      },
      async write(path, bytes) {
        await vscode.workspace.fs.writeFile(uriOfPath(path), bytes);
      },
    },
  );
  clients = [new EngineClient(open), new EngineClient(open)];
  activateWith(context, clients[0]!, clients[1]!);
}

export async function deactivate(): Promise<void> {
  await Promise.all(clients.map((client) => client.dispose()));
}

/** Scripts as addresses of this origin: workers may not be started from another. */
async function workerStart(extension: vscode.Uri) {
  const read = (name: string): Thenable<Uint8Array> =>
    vscode.workspace.fs.readFile(vscode.Uri.joinPath(extension, 'dist', name));
  const script = (bytes: Uint8Array): string =>
    URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type: 'text/javascript' }));
  const [worker, module, wasm] = await Promise.all(
    ['web/worker.js', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'].map(read),
  );
  return {
    script: script(worker!),
    runtime: { wasmPaths: { mjs: script(module!) }, wasmBinary: new Uint8Array(wasm!) },
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
