// The bytes of a .npy file (float32, uint8, int64).

export function npy(array, shape) {
  const type = array instanceof Float32Array ? '<f4' : array instanceof Uint8Array ? '|u1' : '<i8';
  let head = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  head = head.padEnd(Math.ceil((head.length + 11) / 64) * 64 - 11) + '\n';
  const bytes = Buffer.alloc(10);
  bytes.write('\x93NUMPY\x01\x00', 'latin1');
  bytes.writeUInt16LE(head.length, 8);
  return Buffer.concat([
    bytes,
    Buffer.from(head, 'latin1'),
    Buffer.from(array.buffer, array.byteOffset, array.byteLength),
  ]);
}
