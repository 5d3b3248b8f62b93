// Minimal ONNX (protobuf) access: find float32 tensors of a model, subgraphs included, and patch them in place.

function varint(bytes, at) {
  let value = 0n,
    shift = 0n;
  for (;;) {
    const byte = bytes[at++];
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return [Number(BigInt.asIntN(64, value)), at];
    shift += 7n;
  }
}

function* fields(bytes, start, end) {
  for (let at = start; at < end;) {
    let key;
    [key, at] = varint(bytes, at);
    const number = key >>> 3,
      wire = key & 7;
    if (wire === 0) {
      let value;
      [value, at] = varint(bytes, at);
      yield { number, wire, value };
    } else {
      let length = wire === 5 ? 4 : 8;
      if (wire === 2) [length, at] = varint(bytes, at);
      yield { number, wire, start: at, end: at + length };
      at += length;
    }
  }
}

const text = (bytes, f) =>
  Buffer.from(bytes.buffer, bytes.byteOffset + f.start, f.end - f.start).toString('utf8');

function tensor(bytes, start, end) {
  const found = { name: '', dims: [], type: 0, start: -1, end: -1 };
  for (const f of fields(bytes, start, end)) {
    if (f.number === 1 && f.wire === 0) found.dims.push(f.value);
    if (f.number === 1 && f.wire === 2)
      for (let at = f.start, value; at < f.end;) {
        [value, at] = varint(bytes, at);
        found.dims.push(value);
      }
    if (f.number === 2) found.type = f.value;
    if (f.number === 8) found.name = text(bytes, f);
    if (f.number === 9 || f.number === 4) {
      found.start = f.start;
      found.end = f.end;
    }
  }
  return found;
}

// Operators that weights pass on their way to a layer.
const passing = new Set([
  'Identity',
  'Transpose',
  'Reshape',
  'Unsqueeze',
  'Squeeze',
  'Slice',
  'Concat',
  'Gather',
  'Cast',
]);

/** Every float32 tensor with the nodes that read it, in its graph or in one inside it. */
export function floatTensors(bytes) {
  const found = [];
  const walk = (start, end, depth, scopes) => {
    const local = new Map(),
      nodes = [],
      inner = [];
    const chain = [local, ...scopes];
    const add = (t) => {
      if (t.type !== 1 || t.start < 0) return;
      const entry = { ...t, size: (t.end - t.start) / 4, uses: [], depth };
      found.push(entry);
      local.set(t.name, [entry]);
    };
    for (const f of fields(bytes, start, end)) {
      if (f.number === 5) add(tensor(bytes, f.start, f.end));
      if (f.number !== 1) continue;
      const node = { op: '', inputs: [], outputs: [], attributes: {}, depth };
      const constants = [];
      for (const g of fields(bytes, f.start, f.end)) {
        if (g.number === 1) node.inputs.push(text(bytes, g));
        if (g.number === 2) node.outputs.push(text(bytes, g));
        if (g.number === 4) node.op = text(bytes, g);
        if (g.number !== 5) continue;
        let name = '';
        for (const a of fields(bytes, g.start, g.end)) {
          if (a.number === 1) name = text(bytes, a);
          if (a.number === 3) node.attributes[name] = a.value;
          if (a.number === 8) {
            const list = (node.attributes[name] ??= []);
            if (a.wire === 0) list.push(a.value);
            else
              for (let at = a.start, v; at < a.end;) {
                [v, at] = varint(bytes, at);
                list.push(v);
              }
          }
          if (a.number === 5) constants.push(tensor(bytes, a.start, a.end));
          if (a.number === 6) inner.push(a);
        }
      }
      if (node.op === 'Constant') for (const t of constants) add({ ...t, name: node.outputs[0] });
      nodes.push(node);
    }
    const lookUp = (name) => chain.find((scope) => scope.has(name))?.get(name) ?? [];
    for (const node of nodes) {
      node.inputs.forEach((name, input) => {
        for (const t of lookUp(name)) t.uses.push({ ...node, input, direct: t.name === name });
      });
      if (passing.has(node.op)) {
        const through = node.inputs.flatMap(lookUp);
        if (through.length) local.set(node.outputs[0], through);
      }
    }
    for (const a of inner) walk(a.start, a.end, depth + 1, chain);
  };
  for (const f of fields(bytes, 0, bytes.length)) if (f.number === 7) walk(f.start, f.end, 0, []);
  return found;
}

const weightOps = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'LSTM', 'GRU', 'RNN']);

/** The weights a quantiser would take: matrices and kernels of at least `minimum` values. */
export function weights(bytes, minimum = 256) {
  return floatTensors(bytes).filter(
    (t) =>
      t.size >= minimum &&
      t.dims.length >= 2 &&
      t.uses.some((u) => weightOps.has(u.op) && u.input <= 2),
  );
}

export function values(bytes, t) {
  return new Float32Array(bytes.slice(t.start, t.end).buffer);
}

/** A copy of the model with other values in some tensors (Map of tensor to Float32Array). */
export function withValues(bytes, replaced) {
  const copy = Uint8Array.from(bytes);
  for (const [t, v] of replaced)
    copy.set(new Uint8Array(v.buffer, v.byteOffset, v.byteLength), t.start);
  return copy;
}

/** The model without the bytes of some tensors: what has to be stored besides them. */
export function without(bytes, tensors) {
  const parts = [];
  let at = 0;
  for (const t of [...tensors].sort((a, b) => a.start - b.start)) {
    parts.push(bytes.subarray(at, t.start));
    at = t.end;
  }
  parts.push(bytes.subarray(at));
  return Buffer.concat(parts);
}

/** Groups of values with one output channel: [count, of(index)]. */
export function channels(t) {
  const use = t.uses.find((u) => weightOps.has(u.op));
  const n = t.dims;
  if (use.op === 'MatMul' || (use.op === 'Gemm' && !use.attributes.transB)) {
    const last = n[n.length - 1];
    return [last, (i) => i % last];
  }
  if (use.op === 'LSTM' || use.op === 'GRU' || use.op === 'RNN') {
    const inner = n[n.length - 1];
    return [t.size / inner, (i) => Math.floor(i / inner)];
  }
  const axis = use.op === 'ConvTranspose' ? 1 : 0;
  const inner = n.slice(axis + 1).reduce((a, b) => a * b, 1);
  return [n[axis], (i) => Math.floor(i / inner) % n[axis]];
}
