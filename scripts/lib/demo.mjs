/** The demonstration: a server on this machine alone for the page in demo/, the decoder and its models. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { buildDecode } from './decode.mjs';

const types = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
/** With these a page may measure its own memory. */
const isolated = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** Serves until `close` is called. Port 0 is any that is free. */
export async function startDemo(port = 0) {
  const built = mkdtempSync(join(tmpdir(), 'deepc-demo-'));
  await buildDecode(built);
  const roots = {
    decode: built,
    ort: 'node_modules/onnxruntime-web/dist',
    models: 'media/samples',
  };
  const server = createServer(({ url }, response) => {
    try {
      const [, first, second] = new URL(url, 'http://localhost').pathname.split('/');
      // one name below one of these folders, which holds no separator: nothing else is read
      const path =
        second === undefined
          ? join('demo', first || 'index.html')
          : join(roots[first] ?? 'demo', second);
      const content = readFileSync(path);
      const type = types[extname(path)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, ...isolated }).end(content);
    } catch {
      response.writeHead(404).end('not here');
    }
  });
  await new Promise((listening, failed) => {
    server.once('error', failed).listen(port, '127.0.0.1', listening);
  });
  return {
    address: `http://127.0.0.1:${server.address().port}/`,
    close() {
      server.closeAllConnections();
      server.close();
      rmSync(built, { recursive: true, force: true });
    },
  };
}
