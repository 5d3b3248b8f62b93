/**
 * Code that loads a model and runs it on zeros, for the programs that people use models in. Names come
 * from a file that nobody vouches for: they are in the code as string literals only.
 */
import type { Snippet, UsedInput, UsedValue } from '../protocol-use.ts';

export interface Usable {
  /** The file's name, without folders. */
  readonly file: string;
  /** It is a .dcz. */
  readonly compressed: boolean;
  /** The model has files of external data. */
  readonly external: boolean;
  readonly inputs: readonly UsedInput[];
  readonly outputs: readonly UsedValue[];
}

/** One snippet for every program that can load the model. */
export function snippetsOf(model: Usable): Snippet[] {
  const javascript = { language: 'javascript' } as const;
  const all: Snippet[] = [
    { program: 'onnxruntime-web', ...javascript, code: session(model, 'onnxruntime-web') },
    { program: 'onnxruntime-node', ...javascript, code: session(model, 'onnxruntime-node') },
  ];
  // it asks for one file
  if (!model.external)
    all.push({ program: 'transformers.js', ...javascript, code: transformers(model) });
  all.push({ program: 'Python', language: 'python', code: python(model) });
  return all;
}

function session(model: Usable, runtime: 'onnxruntime-web' | 'onnxruntime-node'): string {
  const { file, compressed } = model;
  const place = literal(file);
  return lines(
    `import * as ort from '${runtime}';`,
    compressed ? `import { createSession } from 'deep-compression/decode/${runtime}';` : undefined,
    '',
    compressed
      ? `const session = await createSession(${place});`
      : `const session = await ort.InferenceSession.create(${place});`,
    ...feeds(model, 'ort.Tensor'),
    'const outputs = await session.run(feeds);',
    ...printed(model, 'outputs', '.data'),
  );
}

function transformers(model: Usable): string {
  const { file, compressed } = model;
  const stem = file.replace(/\.(onnx|dcz)$/i, '');
  return lines(
    `// ${compressed ? 'The .dcz' : 'The .onnx'} lies in the folder onnx of the repository, beside its config.json.`,
    `import { AutoModel, Tensor${compressed ? ', env' : ''} } from '@huggingface/transformers';`,
    compressed ? "import { dczCache } from 'deep-compression/decode/transformers';" : undefined,
    '',
    compressed ? 'env.useBrowserCache = false;' : undefined,
    compressed ? 'env.useCustomCache = true;' : undefined,
    compressed ? 'env.customCache = dczCache();' : undefined,
    `const options = { model_file_name: ${literal(stem)}, dtype: 'fp32' };`,
    "const model = await AutoModel.from_pretrained('OWNER/MODEL', options);",
    ...feeds(model, 'Tensor'),
    'const outputs = await model(feeds);',
    ...printed(model, 'outputs', '.data'),
  );
}

function python(model: Usable): string {
  const { file, compressed, external, inputs, outputs } = model;
  const stem = file.replace(/\.dcz$/i, '');
  const source = !compressed
    ? literal(file)
    : external
      ? literal(`restored/${stem}.onnx`)
      : `dcz.model(${literal(file)})`;
  return lines(
    compressed && external
      ? '# Once, with docs/dcz.py of Deep Compression: python3 dcz.py FILE.dcz restored'
      : undefined,
    compressed && !external
      ? 'import dcz  # docs/dcz.py of Deep Compression, beside this'
      : undefined,
    inputs.length > 0 ? 'import numpy as np' : undefined,
    'import onnxruntime',
    '',
    `session = onnxruntime.InferenceSession(${source})`,
    'feeds = {',
    ...inputs.map(
      ({ name, type, dims }) =>
        `    ${literal(name)}: np.zeros((${dims.map((d) => `${d},`).join(' ')}), ${numpyType(type)}),`,
    ),
    '}',
    `outputs = session.run([${outputs.map(({ name }) => literal(name)).join(', ')}], feeds)`,
    ...outputs.slice(0, 1).map(({ name }) => `print(${literal(name)}, outputs[0])`),
  );
}

function feeds({ inputs }: Usable, tensor: string): string[] {
  return [
    'const feeds = {',
    ...inputs.flatMap(({ name, type, shape, dims }) => {
      const size = dims.join(' * ') || '1';
      const open = shape?.some((d) => typeof d === 'string') ? ` // ${literal(shape)}` : '';
      const values =
        type === 'string' ? `Array(${size}).fill('')` : `new ${arrayOf(type)}(${size})`;
      return [
        `  ${literal(name)}: new ${tensor}('${type}', ${values}, [${dims.join(', ')}]),${open}`,
      ];
    }),
    '};',
  ];
}

function printed({ outputs }: Usable, from: string, member: string): string[] {
  return outputs
    .slice(0, 1)
    .map(({ name }) => `console.log(${literal(name)}, ${from}[${literal(name)}]${member});`);
}

/** A literal of JavaScript and of Python alike, without what ends a line of either. */
function literal(value: string | readonly (string | number)[]): string {
  return JSON.stringify(value).replace(
    /[\u0085\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function arrayOf(type: string): string {
  return arrays[type] ?? 'Float32Array';
}

const arrays: Readonly<Record<string, string>> = {
  float32: 'Float32Array',
  float64: 'Float64Array',
  float16: 'Uint16Array',
  bool: 'Uint8Array',
  uint8: 'Uint8Array',
  int8: 'Int8Array',
  uint16: 'Uint16Array',
  int16: 'Int16Array',
  uint32: 'Uint32Array',
  int32: 'Int32Array',
  uint64: 'BigUint64Array',
  int64: 'BigInt64Array',
};

const numpyType = (type: string): string =>
  type === 'string' ? 'object' : type === 'bool' ? 'np.bool_' : `np.${type}`;

function lines(...all: readonly (string | undefined)[]): string {
  return `${all.filter((line) => line !== undefined).join('\n')}\n`;
}
