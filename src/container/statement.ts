/**
 * What the writer of a .dcz says of it, behind the streams (docs/dcz-format.md, section 7): one JSON object,
 * which no restored byte depends on. Here is how it is stored; what it says is the engine's
 * (engine/statement.ts). A reader that does not want it checks it and goes on.
 */
import { deflateSync } from 'fflate';
import { crc32 } from '../model/crc32.ts';
import type { Fail } from './index-types.ts';
import { canonicalJson } from './index-write.ts';
import { inflateExactly } from './pack.ts';
import { checkStatement, statementEnd } from './statement-check.ts';

/** What its JSON is deflated after. A change would be another version of the format. */
const dictionary = (): Uint8Array =>
  new TextEncoder().encode(
    '"changed":"original":"classes""sequence""map""decision""ids""values""made-up inputs""accuracy":{' +
      '{"maxLoss":0.005,"model":{"name":"model.onnx","sha256":""},"outputs":{"accuracy":null,"answers":1' +
      ',"disagreement":0.0,"interval":{"high":0.0,"low":0.0},"kind":"class","loss":0.00,"on":"samples"' +
      ',"relativeError":0.0,"samples":1}}',
  );

/** @throws RangeError when it is longer than the format allows (a defect) */
export function writeStatement(statement: object): Uint8Array {
  const plain = new TextEncoder().encode(canonicalJson(statement));
  if (plain.length > 0xffff) throw new RangeError(`a statement of ${plain.length} bytes`);
  const deflated = deflateSync(plain, { level: 9, dictionary: dictionary() });
  const bytes = new Uint8Array(deflated.length + statementEnd);
  bytes.set(deflated);
  const view = new DataView(bytes.buffer);
  view.setUint16(deflated.length, plain.length, true);
  view.setUint32(deflated.length + 2, crc32(bytes.subarray(0, -4)), true);
  return bytes;
}

/** The object in what follows the streams. */
export function readStatement(bytes: Uint8Array, fail: Fail): object {
  const { deflated, length } = checkStatement(bytes, fail);
  const plain =
    inflateExactly(deflated, length, dictionary()) ?? fail('a statement that does not unpack');
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plain));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // as below
  }
  return fail('a statement that is no JSON object');
}
