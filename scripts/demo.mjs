/**
 * `npm run demo`: shows the demonstration in demo/ on this machine (`-- --port N`, default 8080) until
 * Ctrl-C: a digit that is drawn is read by LeNet-5 from its .dcz, beside its .onnx.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startDemo } from './lib/demo.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' } } });
try {
  const demo = await startDemo(Number(values.port));
  console.log(`${demo.address} (Ctrl-C ends it)`);
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => {
      demo.close();
      process.exit(0);
    });
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
