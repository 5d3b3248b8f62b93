/**
 * A model as one run of bytes, external data put inside, as the compiler and the runtimes want it.
 * Limit: 2 GiB in all, which is protobuf's own.
 */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataLocation, type TensorProto } from 'onnx-buf';
import { readBytes } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { Model } from '../../model/model.ts';

const mostBytes = 2 ** 31 - 1;

/** @throws DeepCompressionError `unsupported` when it is too large, `not-found` without its data */
export function wholeModel(model: Model): Uint8Array<ArrayBuffer> {
  const total = model.files.reduce((sum, f) => sum + f.source.size, 0);
  if (total > mostBytes)
    throw new DeepCompressionError(
      'unsupported',
      `${model.path}: models above 2 GiB cannot be run here`,
    );
  const [main, ...external] = model.files;
  const bytes = readBytes(main.source, 0, main.source.size) as Uint8Array<ArrayBuffer>;
  if (external.length === 0) return bytes;
  const proto = fromBinary(ModelProtoSchema, bytes);
  for (const tensor of proto.graph?.initializer ?? []) embed(tensor, model);
  for (const node of proto.graph?.node ?? [])
    for (const { t } of node.attribute) if (t) embed(t, model);
  return toBinary(ModelProtoSchema, proto);
}

function embed(tensor: TensorProto, model: Model): void {
  if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) return;
  const entry = (key: string): string | undefined =>
    tensor.externalData.find((e) => e.key === key)?.value;
  const location = entry('location') ?? '';
  const file = model.files.find((f, i) => i > 0 && f.location === location);
  if (!file)
    throw new DeepCompressionError(
      'not-found',
      `${model.path}: external data ${location} is missing`,
    );
  const offset = Number(entry('offset') ?? 0);
  const length = Number(entry('length') ?? file.source.size - offset);
  if (!(offset >= 0 && length >= 0) || offset + length > file.source.size)
    throw new DeepCompressionError(
      'invalid-model',
      `${model.path}: external data ${location} is too short`,
    );
  tensor.rawData = readBytes(file.source, offset, length);
  tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
  tensor.externalData = [];
}
