/**
 * What a file is that is not what was asked for, by its content, and what to do about it. Every reader
 * says this beside its own refusal. Facts about formats only; no part of a format is read.
 */
import { DeepCompressionError } from './errors.ts';

const ascii = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, Math.min(to, from + 512)));

/** Of these a reader that takes them says itself what is wrong in them. */
export const onnx = 'an ONNX model';
export const caffe = 'a Caffe network description (prototxt)';
export const json = 'JSON';
export const arrays = 'NumPy arrays (.npz)';
export const archive = 'a ZIP archive: unpack it';

/**
 * What to throw where a file could not be read as `wanted` (with its article): what it is instead where
 * its first bytes tell that, unless it is `own`, else the error itself.
 */
export function insteadOf(
  error: unknown,
  name: string,
  wanted: string,
  head: Uint8Array,
  ...own: readonly string[]
): unknown {
  if (!(error instanceof DeepCompressionError) || !error.code.startsWith('invalid')) return error;
  const what = recognised(head);
  if (what === undefined || own.includes(what)) return error;
  const cause = { cause: error };
  return new DeepCompressionError(error.code, `${name} is not ${wanted} but ${what}`, cause);
}

/** @param head the first bytes, 512 are enough; @returns `a git-LFS pointer, …: run git lfs pull` */
export function recognised(head: Uint8Array): string | undefined {
  const begins = (text: string, at = 0): boolean => ascii(head, at, at + text.length) === text;
  const start = ascii(head, 0, 512);
  const text = start.replace(/^\xef\xbb\xbf/, '').trimStart();
  if (head.length === 0) return 'an empty file: get it again';
  if (text.startsWith('version https://git-lfs.github.com/'))
    return 'a git-LFS pointer, not the file itself: run git lfs pull';
  if (/^(<!doctype html|<html)/i.test(text))
    return 'a web page (HTML), perhaps an error page in the place of a download: get the file itself';
  if (begins('\x1f\x8b')) return 'packed with gzip: unpack it (gunzip)';
  if (begins('BZh')) return 'packed with bzip2: unpack it (bunzip2)';
  if (begins('\xfd7zXZ')) return 'packed with xz: unpack it (unxz)';
  if (begins('\x28\xb5\x2f\xfd')) return 'packed with zstd: unpack it (unzstd)';
  if (begins('PK\x03\x04')) return zipped(start);
  if (begins('ORTM', 4)) return 'an ONNX Runtime model (.ort): export the .onnx it was made from';
  if (begins('TFL3', 4)) return 'a TensorFlow Lite model: convert it with tf2onnx';
  if (begins('GGUF')) return 'a GGUF model: export the model it was made from to ONNX';
  if (begins('\x89HDF\r\n')) return 'an HDF5 file, perhaps a Keras model: convert it with tf2onnx';
  if (/^\x80[\x02-\x05]/.test(start))
    return 'a Python pickle, perhaps of PyTorch: export the model with torch.onnx.export';
  if (begins('\x93NUMPY')) return 'a NumPy array (.npy)';
  if (begins('\x89PNG') || begins('\xff\xd8\xff')) return 'a picture';
  if (begins('%PDF')) return 'a PDF document';
  if (begins('DCZ')) return 'a compressed model (.dcz)';
  if (/^\x08[\x01-\x20][\x12\x1a\x22\x2a\x32\x3a\x42]/.test(start)) return onnx;
  if (/^\0\0[\x08-\x0e][\x01-\x04]\0/.test(start)) return 'IDX data, as the MNIST files are';
  if (isSafetensors(head, start))
    return 'safetensors, weights without a graph: export the model to ONNX';
  if (/^\s*(ir_version\s*:|graph\s*\{|producer_name\s*:)/.test(text))
    return 'an ONNX model as text: save it as .onnx (onnx.parser or onnx.save of the loaded model)';
  if (/^(#[^\n]*\n\s*)*(name\s*:\s*"[^"]*"\s*)?(layers?|input)\s*[:{]/.test(text)) return caffe;
  if (
    /^\{[^]*"(weightsManifest|modelTopology)"|^\{\s*"format":\s*"(layers|graph)-model"/.test(text)
  )
    return 'a TensorFlow.js model: import it (deepc import)';
  if (/^[[{]/.test(text)) return json;
  return undefined;
}

function zipped(start: string): string {
  if (/\/(data\.pkl|version|code\/|constants\.pkl)/.test(start) || start.includes('data.pkl'))
    return 'a PyTorch file (TorchScript or a checkpoint): export the model with torch.onnx.export';
  if (start.includes('.npy')) return arrays;
  if (/config\.json|metadata\.json/.test(start) && start.includes('keras'))
    return 'a Keras model: convert it with tf2onnx';
  return archive;
}

/** Eight bytes of a length, then JSON of that length. */
function isSafetensors(head: Uint8Array, start: string): boolean {
  if (head.length < 10) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return view.getUint32(4, true) === 0 && start[8] === '{' && /^\{\s*"/.test(start.slice(8));
}
