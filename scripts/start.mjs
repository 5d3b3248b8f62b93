/**
 * `npm start`: from a fresh clone to a compressed real model, with nothing but Node and the npm
 * registry. Installs and builds what is missing, compresses the sample (LeNet-300-100, trained on
 * MNIST by npm run reproduce), restores it, measures its accuracy before and after, and writes the
 * report as a page.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const oldest = [20, 19];
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  console.error(
    `error: Node ${oldest.join('.')} or newer is needed, this is ${process.versions.node}: see https://nodejs.org`,
  );
  process.exit(1);
}
process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));

const sample = join('media', 'samples', 'lenet-300-100');
const model = `${sample}.onnx`;
const digits = join('media', 'samples', 'mnist-test-digits.npz');
const out = 'out';
const packed = join(out, 'lenet-300-100.dcz');
const restored = join(out, 'lenet-300-100.restored.onnx');
const page = join(out, 'report.html');
const say = (line) => console.log(`\n> ${line}`);

try {
  await main();
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  console.error(`error: ${text}`);
  process.exitCode = 1;
}

async function main() {
  // Only now: older Nodes must get the sentence above, not a syntax error from below.
  const { ensureDependencies } = await import('./lib/dependencies.mjs');
  const { must, run } = await import('./lib/process.mjs');
  const deepc = async (...args) => {
    const { code } = await run(process.execPath, ['dist/cli.js', ...args], { timeout: 600_000 });
    if (code !== 0) throw new Error(`deepc ${args[0]} failed (exit ${code})`);
  };

  await ensureDependencies(say);
  say('building dist/ (node scripts/build.mjs)');
  await must(process.execPath, ['scripts/build.mjs'], { timeout: 300_000 });

  mkdirSync(out, { recursive: true });
  say(`compressing ${model} with the preset deep-compression`);
  await deepc('compress', model, '--out', packed, '--force');

  say(`restoring ${packed}`);
  await deepc('decompress', packed, '--out', restored, '--force');
  if (statSync(restored).size !== statSync(model).size)
    throw new Error(`${restored} is not the model that was compressed`);
  say('verified: the file was decoded and compared block by block before it got its name, and');
  console.log('  the restored model has the shared weights and every other byte of the original');

  say('writing the report as a page');
  await deepc('report', packed, '--out', page, '--force');

  say('what you have now, and what it makes of 1,000 handwritten test digits');
  for (const [file, what] of [
    [model, 'the original'],
    [packed, 'compressed just now'],
    [restored, 'restored: runs like any ONNX model'],
    [`${sample}.dcz`, 'the same model, retrained while it was pruned: npm run reproduce'],
  ]) {
    const { top1 } = json('evaluate', file, '--data', digits, '--scale', '1/256');
    const size = statSync(file).size.toLocaleString('en-US').padStart(11);
    console.log(`  ${size} bytes  ${(100 * top1).toFixed(1)}% right  ${file}  (${what})`);
  }
  console.log(`  the report, for any browser: ${pathToFileURL(page).href}`);
  console.log(
    '\nyour own model: node dist/cli.js compress MODEL.onnx --out MODEL.dcz   (node dist/cli.js --help)',
  );
}

/** What a command says in JSON. */
function json(...args) {
  const command = ['dist/cli.js', ...args, '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`deepc ${args[0]} failed (exit ${status}): ${stderr.trim()}`);
  return JSON.parse(stdout);
}
