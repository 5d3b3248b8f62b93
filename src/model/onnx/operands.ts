/**
 * What each input of an operator is for: one letter an input, in the order of the operator's
 * specification. Sources: ONNX Operators (opset 1 to 23) and onnxruntime's contrib operators.
 *   w weight, b bias, n normalisation, e embedding, s shape, q scale, z zero point, - anything else
 */
import type { Role } from '../model.ts';
import type { GraphNode } from '../graph.ts';

const standard: Readonly<Record<string, string>> = {
  Conv: '-wb',
  ConvTranspose: '-wb',
  DeformConv: '-w-b',
  ConvInteger: '-wzz',
  QLinearConv: '-qzwqzqzb',
  MatMul: 'ww',
  MatMulInteger: 'wwzz',
  QLinearMatMul: 'wqzwqzqz',
  Gemm: 'wwb',
  LSTM: '-wwb',
  GRU: '-wwb',
  RNN: '-wwb',
  BatchNormalization: '-nnnn',
  LayerNormalization: '-nn',
  InstanceNormalization: '-nn',
  GroupNormalization: '-nn',
  RMSNormalization: '-n',
  QuantizeLinear: '-qz',
  DequantizeLinear: '-qz',
  Reshape: '-s',
  Slice: '-ssss',
  Pad: '-s-s',
  Resize: '-sss',
  Upsample: '-s',
  Unsqueeze: '-s',
  Squeeze: '-s',
  Expand: '-s',
  Tile: '-ss',
  Split: '-s',
  Gather: 'es',
  GatherElements: '-s',
  GatherND: '-s',
  ScatterElements: '-s-',
  Scatter: '-s-',
  ScatterND: '-s-',
  TopK: '-s',
  OneHot: '-s-',
  ConstantOfShape: 's',
  Range: 'sss',
  NonMaxSuppression: '--s',
  CumSum: '-s',
  Trilu: '-s',
  AffineGrid: '-s',
  CenterCropPad: '-s',
  Col2Im: '-ss',
  MaxUnpool: '--s',
  SplitToSequence: '-s',
  SequenceAt: '-s',
  DFT: '-ss',
  STFT: '-s-s',
  Loop: 's',
};

const contrib: Readonly<Record<string, string>> = {
  FusedMatMul: 'ww',
  FusedGemm: 'wwb',
  FusedConv: '-wb',
  QGemm: 'wqzwqzbqz',
  MatMulNBits: '-wqzsb',
  DynamicQuantizeMatMul: '-wqzb',
  MatMulIntegerToFloat: 'wwqqzzb',
  DynamicQuantizeLSTM: '-wwb----qzqz',
  Attention: '-wb',
  QAttention: '-wbqq-zz',
  MultiHeadAttention: '---b',
  EmbedLayerNormalization: '--eeenn',
  SkipLayerNormalization: '--nnb',
  SkipSimplifiedLayerNormalization: '--nb',
  SimplifiedLayerNormalization: '-n',
  GroupNorm: '-nn',
  SkipGroupNorm: '-nn-b',
  BiasGelu: '-b',
  FastGelu: '-b',
  BiasAdd: '-b',
  BiasSplitGelu: '-b',
  GatherBlockQuantized: 'esqz',
  QuantizeLinear: '-qz',
  DequantizeLinear: '-qz',
  QLinearAdd: '-qz-qzqz',
  QLinearMul: '-qz-qzqz',
  QLinearSigmoid: '-qzqz',
  QLinearLeakyRelu: '-qzqz',
  QLinearSoftmax: '-qzqz',
  QLinearAveragePool: '-qzqz',
  QLinearGlobalAveragePool: '-qzqz',
};

const letters: Readonly<Record<string, Role>> = {
  w: 'weight',
  b: 'bias',
  n: 'normalisation',
  e: 'embedding',
  s: 'shape',
  q: 'scale',
  z: 'zero point',
};

/** Strongest first: what a tensor is when it is used in several ways. */
export const rolesByStrength: readonly Role[] = [
  'weight',
  'embedding',
  'normalisation',
  'bias',
  'scale',
  'zero point',
  'shape',
  'other',
];

const withContrib: Readonly<Record<string, string>> = { ...standard, ...contrib };
const contribDomains = new Set(['com.microsoft', 'com.ms.internal.nhwc']);

/** True for operators whose product a bias is added to. */
export function isWeighted(node: GraphNode): boolean {
  return (
    /^(Fused|QLinear|Q)?(Conv|MatMul|Gemm)(Transpose|Integer|NBits)?$/.test(node.opType) ||
    node.opType === 'Einsum'
  );
}

/** What input `index` of the node is for, by its operator alone. */
export function operandRole(node: GraphNode, index: number): Role {
  const { opType, domain } = node;
  const table = domain === '' ? standard : contribDomains.has(domain) ? withContrib : undefined;
  if (table === undefined) return 'other';
  if (domain === '' && /^Reduce[A-Z]/.test(opType)) return index === 1 ? 'shape' : 'other';
  if (domain === '' && opType === 'Einsum') return 'weight';
  if (domain !== '' && opType === 'QLinearConcat') {
    return index === 0
      ? 'scale'
      : index === 1
        ? 'zero point'
        : (letters['-qz'[(index - 2) % 3]] ?? 'other');
  }
  const pattern = Object.hasOwn(table, opType) ? table[opType] : '';
  return letters[pattern[index] ?? '-'] ?? 'other';
}
