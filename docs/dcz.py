"""Restores models from .dcz files (versions 1 to 3): the standard library and numpy, nothing else.

    python3 dcz.py model.dcz folder      writes folder/model.onnx and external data; replaces nothing

    import dcz, onnxruntime
    session = onnxruntime.InferenceSession(dcz.model("model.dcz"))

Written from dcz-format.md and dcz-coding.md ("format" and "coding" below). What is cut off, changed,
or no .dcz raises DczError; every block is compared with its checksum. Huffman codes are decoded with
array operations. A decision of the arithmetic coder is Python code and takes some microseconds.
Licence: MIT.
"""

import base64
import json
import os
import re
import struct
import sys
import zlib
from array import array
from operator import mul

import numpy as np

BLOCK = 1 << 20  # weights
PIECE = 1 << 23  # bytes
ELEMENT_BYTES = (1, 2, 4, 8)
DTYPE_BYTES = (4, 2, 2, 8, 1, 1)  # float32, float16, bfloat16, float64, int8, uint8


class DczError(ValueError):
    """No .dcz file, a damaged one, or one of a newer version."""


def model(source):
    """Bytes of the model, which has to be one file. source: a path, or the bytes of a .dcz."""
    restored = files(source)
    if len(restored) > 1:
        raise DczError("the model has external data: use files() or python3 dcz.py")
    return restored[""]


def files(source):
    """Bytes of all files of the model by location; that of the model itself is ""."""
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            source = file.read()
    try:
        return _restore(bytes(source))
    except zlib.error as error:
        raise DczError(f"damaged .dcz file: {error}") from None


def _require(holds, what):
    if not holds:
        raise DczError(f"damaged .dcz file: {what}")


# ---- format, sections 1 to 5: header, index, files ----


def _restore(data):
    if data[:3] != b"DCZ":
        raise DczError("not a .dcz file")
    _require(len(data) >= 12, "it is cut off")
    version = data[3]
    if version not in (1, 2, 3):
        raise DczError(f"a .dcz file of version {version}: get a newer dcz.py")
    about = len(data) - 8 if version == 1 else 4
    length, checksum = struct.unpack_from("<II", data, about)
    _require(length <= len(data) - 12, "it is cut off")
    start = about - length if version == 1 else 12
    index = data[start : start + length]
    _require(zlib.crc32(index) == checksum, "its index has changed or is cut off")
    body = _Bytes(data[4:start] if version == 1 else data[start + length :])

    plain = _Bytes(index)
    size, deflated = plain.varint(), plain.varint()
    _require(size <= 1 << 24, "metadata")
    _require(deflated == 0 or deflated < size <= deflated * 1032, "metadata")
    metadata = plain.take(deflated or size)
    meta = _Bytes(_inflate(metadata, size, DICTIONARY) if deflated else metadata)
    _require(isinstance(_json(meta.text(1 << 20)), dict), "recipe")
    channels = [_read_channel(meta, bytes_each, version) for bytes_each in ELEMENT_BYTES]
    tensors = _read_tensors(meta, version)
    layout = _read_files(meta, version)
    _require(meta.left() == 0, "metadata")
    piece_checksums = [[plain.uint32() for _ in pieces] for pieces in channels]
    for tensor in tensors:
        plain.take(4)  # rmse
        tensor.checksums = [plain.uint32() for _ in tensor.blocks]
    _read_tables(plain.take(plain.left()), tensors)
    packed = sum(word >> 1 or n for pieces in channels for words, n in pieces for word in words)
    streams = sum(values + gaps for t in tensors for values, gaps, _ in t.blocks)
    _require(packed + streams <= body.left(), "it is cut off")
    _check_statement(body.data[body.at + packed + streams :], version)

    rest = []
    for pieces, checksums in zip(channels, piece_checksums):
        parts = [_read_piece(body, *piece) for piece in pieces]
        for part, expected in zip(parts, checksums):
            _require(zlib.crc32(part) == expected, "a piece has changed")
        rest.append(_Bytes(b"".join(parts)))
    payloads = iter([_read_tensor(body, tensor) for tensor in tensors])
    restored = {}
    for location, runs in layout:
        parts = []
        for kind, count, hashed in runs:
            if kind == 5:
                shared = np.frombuffer(rest[2].take(count * 4), "<u4")
                parts.append(_hashed_payload(shared, *hashed))
            elif kind < 4:
                parts.append(rest[kind].take(count * ELEMENT_BYTES[kind]))
            else:
                payload = next(payloads, None)
                _require(payload is not None, "a tensor is missing")
                parts.append(payload)
        restored[location] = b"".join(parts)
    _require(next(payloads, None) is None, "a tensor of no file")
    _require(not any(channel.left() for channel in rest), "bytes of no file")
    return restored


def _check_statement(said, version):
    """What follows the streams: nothing, or (section 7) bytes that end with their checksum."""
    if not said:
        return
    _require(version > 1 and 6 < len(said) <= 65541, "it goes on after its end")
    checksum = struct.unpack("<I", said[-4:])[0]
    _require(zlib.crc32(said[:-4]) == checksum, "it goes on after its end, or is cut off there")


class _Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        _require(count <= self.left(), "something goes on after its end")
        self.at += count
        return self.data[self.at - count : self.at]

    def varint(self):
        value = 0
        for i in range(8):
            byte = self.take(1)[0]
            value |= (byte & 127) << (7 * i)
            if byte < 128:
                _require((byte > 0 or i == 0) and value < 1 << 53, "number")
                return value
        raise DczError("damaged .dcz file: number")

    def uint32(self):
        return int.from_bytes(self.take(4), "little")

    def text(self, most):
        length = self.varint()
        _require(length <= most, "text")
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise DczError("damaged .dcz file: text") from None


def _json(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _inflate(data, size, dictionary=b""):
    inflater = zlib.decompressobj(-15, zdict=dictionary)
    out = inflater.decompress(data, size + 1)
    whole = len(out) == size and inflater.eof and not inflater.unused_data
    _require(whole, "deflated bytes")
    return out


def _read_channel(meta, bytes_each, version):
    """Its pieces: (the words of the planes, as later versions have them; bytes of a plane)."""
    left = meta.varint() * bytes_each
    _require(left <= 1 << 49, "channel")
    pieces = []
    while left > 0:
        length = min(left, PIECE)
        count = length // bytes_each
        words = [meta.varint() for _ in range(bytes_each)]
        if version == 1:
            words = [2 * word for word in words]
        for word in words:
            _require(word == 0 or word >> 1 < count <= (word >> 1) * 1032, "plane")
            _require(word & 1 == 0 or count <= 1 << 18, "plane")
        pieces.append((words, count))
        left -= length
    return pieces


def _read_piece(body, words, count):
    stored = [body.take(word >> 1 or count) for word in words]
    planes = [b""] * len(words)
    for p in reversed(range(len(words))):  # mixed planes of floats look at those above
        if words[p] == 0:
            planes[p] = stored[p]
        elif words[p] & 1 == 0:
            planes[p] = _inflate(stored[p], count)
        else:
            above = planes[p + 1 : p + 3] if len(words) > 1 else None
            planes[p] = _MixedPlane(stored[p], count, above).decode()
    return np.stack([np.frombuffer(plane, np.uint8) for plane in planes], axis=1).tobytes()


class _Tensor:
    """blocks: (bytes of values, bytes of gaps, entries). grid: None or (largest level, matrices,
    rows, cols, transposed, has scales of columns)."""

    codebook = scales = column_scales = value_lengths = gap_lengths = checksums = None


def _read_tensors(meta, version):
    tensors, ids, last, block_count = [], set(), -1, 0
    count = meta.varint()
    _require(count <= 65536, "number of tensors")
    for _ in range(count):
        t = _Tensor()
        zigzag = meta.varint()
        last += 1 + (-((zigzag + 1) >> 1) if zigzag & 1 else zigzag >> 1)
        _require(0 <= last < 1 << 31 and last not in ids, "number of a tensor")
        ids.add(last)
        flags = meta.varint() if version > 2 else meta.take(1)[0]
        t.dtype, t.arithmetic = (flags & 3) + (flags >> 8) * 4, flags & 4 != 0
        _require(t.dtype < 6 and not (t.dtype > 3 and flags & 8), "type of a tensor")
        index = flags >> 4 & 15
        t.index_bits = flags >> 3 if version == 1 else index and index + 1
        _require(t.index_bits != 1 and t.index_bits <= 16, "index width")
        t.weights, t.row, t.kernel = meta.varint(), meta.varint(), meta.varint()
        _require(t.weights * DTYPE_BYTES[t.dtype] <= 1 << 49, "size of a tensor")
        if t.weights:
            _require(1 <= t.row <= t.weights and 1 <= t.kernel <= t.weights, "shape of a tensor")
        t.grid = _read_grid(meta, t) if version > 1 and flags & 8 else None
        blocks = -(-t.weights // BLOCK)
        block_count += blocks
        _require(block_count <= 1 << 20, "number of blocks")
        t.blocks = []
        for b in range(blocks):
            n, values, gaps = min(BLOCK, t.weights - b * BLOCK), meta.varint(), 0
            entries = n
            if not t.arithmetic and t.index_bits:
                gaps, entries = meta.varint(), meta.varint()
                _require(entries <= n, "entries of a block")
            t.blocks.append((values, gaps, entries))
        tensors.append(t)
    return tensors


def _read_grid(meta, t):
    largest, layout = meta.varint(), meta.varint()
    matrices = layout >> 2
    _require(largest <= 32767 and matrices > 0 and t.weights > 0, "grid")
    _require(t.weights % (matrices * t.row) == 0, "grid")
    other = t.weights // (matrices * t.row)
    rows, cols = (t.row, other) if layout & 1 else (other, t.row)
    return largest, matrices, rows, cols, layout & 1 != 0, layout & 2 != 0


def _read_files(meta, version):
    """[(location, [(kind, count, what a hashed tensor says)])]"""
    layout, run_count = {}, 0
    for i in range(_counted(meta.varint(), 1, 4096, "number of files")):
        location = meta.text(4096)
        _require(location == "" if i == 0 else _is_safe(location), "location of a file")
        _require(location not in layout, "location of a file")
        number = meta.varint()
        run_count += number
        _require(run_count <= 1 << 20, "number of runs")
        layout[location] = []
        for _ in range(number):
            word = meta.varint()
            kind, count = word & 7, word >> 3
            _require(kind <= (5 if version > 2 else 4) and (kind == 4) == (count == 0), "run")
            layout[location].append((kind, count, _read_hashed(meta, count) if kind == 5 else None))
    return list(layout.items())


def _read_hashed(meta, values):
    """(outputs, inputs, transposed, bias, seed)"""
    _counted(meta.varint(), 0, 2**31 - 1, "id of a hashed tensor")
    outputs, inputs = meta.varint(), meta.varint()
    _require(values <= outputs * inputs <= 2**31, "a hashed tensor")
    flags = _counted(meta.varint(), 0, 3, "order of a hashed tensor")
    _require(flags < 2 or inputs == 1, "a hashed bias")
    seed = _counted(meta.varint(), 0, 2**32 - 1, "seed of a hashed tensor")
    return outputs, inputs, flags & 1 != 0, flags & 2 != 0, seed


def _counted(value, least, most, what):
    _require(least <= value <= most, what)
    return value


def _is_safe(location):
    device = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
    return not re.search(r"[\x00-\x1f\x7f\\:]", location) and all(
        part and part[0] != "." and part[-1] not in ". " and not device.fullmatch(part)
        for part in location.split("/")
    )


# ---- format, section 3.1: hashed tensors ----


def _hashed_payload(shared, outputs, inputs, transposed, bias, seed):
    """shared: float32 values as uint32, so that a sign is a bit and nothing is rounded"""
    value_tag, sign_tag = (b"idxB", b"xi_B") if bias else (b"idxW", b"xi_W")
    places = [b"%d%d%d" % (n, n + 1, n + 2) for n in range(1, max(outputs, inputs) + 1)]
    weights = np.empty((outputs, inputs), "<u4")
    for i in range(outputs):
        for j in range(inputs):
            key = places[i] + b"_" + places[j]
            weight = int(shared[_xxh32(key + value_tag, seed) % len(shared)])
            weights[i, j] = weight if _xxh32(key + sign_tag, seed) & 1 else weight ^ 0x80000000
    return (weights.T if transposed else weights).tobytes()


def _xxh32(data, seed):
    p1, p2, p3, p4, p5 = 2654435761, 2246822519, 3266489917, 668265263, 374761393
    mask = 0xFFFFFFFF

    def turned(x, by):
        x &= mask
        return (x << by | x >> (32 - by)) & mask

    at = 0
    if len(data) >= 16:
        sums = [seed + p1 + p2, seed + p2, seed, seed - p1]
        while at + 16 <= len(data):
            lanes = struct.unpack_from("<4I", data, at)
            sums = [turned(s + lane * p2, 13) * p1 for s, lane in zip(sums, lanes)]
            at += 16
        total = sum(turned(s, by) for s, by in zip(sums, (1, 7, 12, 18)))
    else:
        total = seed + p5
    total += len(data)
    while at + 4 <= len(data):
        total = turned(total + struct.unpack_from("<I", data, at)[0] * p3, 17) * p4
        at += 4
    for byte in data[at:]:
        total = turned(total + byte * p5, 11) * p1
    total &= mask
    total = (total ^ total >> 15) * p2 & mask
    total = (total ^ total >> 13) * p3 & mask
    return total ^ total >> 16


# ---- coding, sections 1 and 6: the weights of a tensor ----


def _read_tensor(body, t):
    parts = []
    for b, (values, gaps, entries) in enumerate(t.blocks):
        start = b * BLOCK
        n = min(BLOCK, t.weights - start)
        value_stream, gap_stream = body.take(values), body.take(gaps)
        if not t.arithmetic:
            codes = _huffman_block(t, n, entries, value_stream, gap_stream)
        elif t.grid:
            codes = _LevelBlock(value_stream, t).decode(start, n)
        else:
            codes = _CodeBlock(value_stream, t).decode(start, n)
        codes = np.asarray(codes, np.int64)
        if t.grid:
            if not t.arithmetic:
                codes = _levels_of(codes, t.grid[0])
            numbers = codes * _scales_of(t, start, n)
        else:
            numbers = t.codebook[codes]
        payload = _payload(numbers, t.dtype)
        _require(zlib.crc32(payload) == t.checksums[b], "a block of weights has changed")
        parts.append(payload)
    return b"".join(parts)


def _levels_of(codes, largest):
    """Code 0 is level 0, then come the negative levels, then the positive ones."""
    levels = np.where(codes <= largest, codes - largest - 1, codes - largest)
    return np.where(codes == 0, 0, levels)


def _payload(numbers, dtype):
    """float64 numbers rounded once, to nearest, ties to even; little-endian bytes. Of uint8 less 128."""
    if dtype > 3:
        return (numbers.astype(np.int64) + (128 if dtype == 5 else 0)).astype(np.uint8).tobytes()
    numbers = np.where(np.isnan(numbers), np.nan, numbers)  # the one NaN of the format
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype != 2:
            return numbers.astype(("<f4", "<f2", None, "<f8")[dtype]).tobytes()
        bits = numbers.view(np.uint64)
        even = bits >> np.uint64(45) & np.uint64(1)
        bits = (bits + np.uint64((1 << 44) - 1) + even) & np.uint64((1 << 64) - (1 << 45))
        normal = bits.view(np.float64)
        small = np.rint(numbers * 2.0**133) * 2.0**-133
        rounded = np.where(np.abs(numbers) < 2.0**-126, small, normal)
        rounded = np.where(np.isfinite(numbers), rounded, numbers)
        return (rounded.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()


def _mantissa(j):
    """round(2^15 x 2^(j / 64)): the least m with (2 m + 1)^64 >= 2^(16 x 64 + j)."""
    low, high = 32768, 65536
    while low < high:
        m = (low + high) // 2
        low, high = (low, m) if (2 * m + 1) ** 64 >= 1 << (1024 + j) else (m + 1, high)
    return low


MANTISSAS = np.array([_mantissa(j) for j in range(64)], np.float64)


def _scales_of(t, start, n):
    """The scale of every weight of a block."""
    _, _, rows, cols, transposed, by_column = t.grid
    i = np.arange(start, start + n)
    matrix, inside = i // (rows * cols), i % (rows * cols)
    row, col = inside // cols, inside % cols
    if transposed:
        row, col = inside % rows, inside // rows
    scale = t.scales[matrix * rows + row]
    return scale * t.column_scales[matrix * cols + col] if by_column else scale


def _huffman_block(t, n, entries, value_stream, gap_stream):
    values = _symbols(t.value_lengths, value_stream, entries)
    if t.index_bits == 0:
        return values
    places = np.cumsum(_symbols(t.gap_lengths, gap_stream, entries) + 1) - 1
    _require(entries == 0 or places[-1] < n, "position of a weight")
    codes = np.zeros(n, np.int64)
    codes[places] = values
    return codes


def _symbols(lengths, stream, count):
    """Coding, section 2. Looks up at every bit which word would begin there, then follows the words."""
    used = [s for s, length in enumerate(lengths) if length]
    if len(used) < 2:
        _require(len(stream) == 0 and (count == 0 or used), "stream of one symbol")
        return np.full(count, used[0] if used else 0, np.int64)
    _require(sum(1 << (16 - lengths[s]) for s in used) == 1 << 16, "code table")
    longest = max(lengths)
    symbol_at = np.zeros(1 << longest, np.int64)
    word = before = 0
    for length, s in sorted((lengths[s], s) for s in used):
        word <<= length - before
        before = length
        first_bit_lowest = int(f"{word:0{length}b}"[::-1], 2)
        symbol_at[first_bit_lowest :: 1 << length] = s
        word += 1
    data = np.frombuffer(stream + b"\0\0\0", np.uint8).astype(np.uint32)
    windows = (data[:-2] | data[1:-1] << 8 | data[2:] << 16)[:-1, None] >> np.arange(8, dtype="u4")
    symbols = symbol_at[windows.reshape(-1) & ((1 << longest) - 1)]
    steps = np.asarray(lengths, np.int64)[symbols].tolist()
    places, at = [], 0
    for _ in range(count):
        _require(at < len(steps), "a stream is too short")
        places.append(at)
        at += steps[at]
    _require((at + 7) // 8 == len(stream), "length of a stream")
    _require(at % 8 == 0 or stream[-1] >> (at % 8) == 0, "unused bits")
    return symbols[places]


# ---- coding, sections 4.1 to 4.4: decisions, estimates, mixing ----


def _squash_table():
    positive, e = [], 1 << 26
    for _ in range(2048):
        positive.append((1 << 42) // ((1 << 26) + e))
        e = (e * 66847231) >> 26
    return [65536 - p for p in positive[:0:-1]] + positive


def _stretch_table():
    table, x = [], -2047
    for q in range(4096):
        while x < 2047 and SQUASH[x + 2047] < 16 * q + 8:
            x += 1
        table.append(x)
    return table


SQUASH = _squash_table()  # at x + 2047
CHANCE = [min(max(p, 32), 65504) for p in SQUASH]
STRETCH = _stretch_table()
RATE = [(1310720 + d) // (2 * d) for d in range(16, 16 + 10 * 512, 10)]
TOP = (1 << 22) - 1


class _Estimates(dict):
    """Estimates [m, c] by context, fresh at first."""

    def __missing__(self, context):
        estimate = self[context] = [1 << 21, 0]
        return estimate


def _adapt(estimate, target, limit):
    m, c = estimate
    if target > m:
        estimate[0] = m + (((target - m) >> 7) * RATE[c] >> 9)
    else:
        estimate[0] = m - (((m - target) >> 7) * RATE[c] >> 9)
    if c < limit:
        estimate[1] = c + 1


def _learn(estimates, bit, limit):
    """_adapt of all of them to a bit."""
    for estimate in estimates:
        m, c = estimate
        if bit:
            estimate[0] = m + (((TOP - m) >> 7) * RATE[c] >> 9)
        else:
            estimate[0] = m - ((m >> 7) * RATE[c] >> 9)
        if c < limit:
            estimate[1] = c + 1


def _chance(stretches, weights):
    """Of 65536, that the decision is a 1."""
    x = sum(map(mul, stretches, weights)) >> 14
    return CHANCE[x + 2047] if -2047 < x < 2047 else CHANCE[0 if x < 0 else 4094]


def _taught(weights, stretches, error, rate):
    """The weights after a decision."""
    half = 1 << (rate - 1)
    taught = [w + ((error * s + half) >> rate) for w, s in zip(weights, stretches)]
    if max(taught) > 131071 or min(taught) < -131071:
        taught = [min(max(w, -131071), 131071) for w in taught]
    return taught


class _Decoder:
    """Decisions of one stream."""

    def __init__(self, stream):
        self.stream, self.taken = stream, 4
        self.range = (1 << 31) - 1
        self.code = int.from_bytes(stream[:4].ljust(4, b"\0"), "big") & 0x7FFFFFFF

    def bit(self, p):
        bound = (self.range * p) >> 16
        if self.code < bound:
            bit, self.range = 1, bound
        else:
            bit, self.code, self.range = 0, self.code - bound, self.range - bound
        while self.range < 1 << 23:
            byte = self.stream[self.taken] if self.taken < len(self.stream) else 0
            self.code = ((self.code << 8) | byte) & 0x7FFFFFFF
            self.range <<= 8
            self.taken += 1
        return bit

    def raw(self, count):
        value = 0
        for _ in range(count):
            value = 2 * value + self.bit(32768)
        return value

    def by_estimate(self, estimate, limit):
        """A decision that is not mixed."""
        bit = self.bit(min(max(estimate[0] >> 6, 1024), 64512))
        _adapt(estimate, TOP * bit, limit)
        return bit

    def mixed(self, estimates, weights, rate, limit):
        """A decision mixed from estimates, from which they and the weights learn."""
        stretches = [STRETCH[e[0] >> 10] for e in estimates]
        p = _chance(stretches, weights)
        bit = self.bit(p)
        weights[:] = _taught(weights, stretches, 65536 * bit - p, rate)
        _learn(estimates, bit, limit)
        return bit


# ---- coding, sections 4.5 and 4.6: codes of a codebook ----


class _CodeBlock(_Decoder):
    def __init__(self, stream, t):
        super().__init__(stream)
        self.row = min(t.row, BLOCK)
        self.kernel = t.kernel if t.kernel <= 64 and t.row <= BLOCK else 1
        self.count = len(t.codebook) - 1
        self.depth = (self.count - 1).bit_length() if self.count > 1 else 0
        sizes = np.abs(t.codebook)
        largest = sizes.max()
        with np.errstate(invalid="ignore"):
            sizes = np.floor(sizes / largest * 65535) if largest > 0 else np.zeros(len(sizes))
        self.magnitudes = [int(m) for m in np.nan_to_num(sizes)]
        m = 64 * (sum(self.magnitudes[1:]) // max(self.count, 1))
        self.mean, self.mean_of_row, self.mean_of_column = [m, 2], [m, 2], {}
        self.recent, self.last = m >> 6, self.count // 2
        self.families = [_Estimates() for _ in range(8)]
        self.weights = [[3400] * 7 for _ in range(self.depth)]

    def decode(self, start, n):
        row, kernel = self.row, self.kernel
        a, b = (kernel, 2 * kernel) if kernel > 1 else (3, 4)
        s0, s1, s2, s3, s4, s5, density = (_Estimates() for _ in range(7))
        row_density = [1 << 21, 0]
        weights = [3200] * 7
        before = max(2 * row, b)
        survives = bytearray(before + n)  # from weight -before on
        codes = [0] * n
        for i in range(n):
            column = (start + i) % row
            place = column % kernel
            if column == 0:
                row_density = [1 << 21, 0]
                if i > 0:
                    self.mean_of_row = [self.mean[0], 2]
            j = before + i
            near = survives[j - 1] | survives[j - a] << 1 | survives[j - row] << 2
            near |= survives[j - 2 * row] << 3 | survives[j - 2] << 4 | survives[j - b] << 5
            of_column = density[column]
            column_class = (STRETCH[of_column[0] >> 10] + 2048) >> 7
            row_class = (STRETCH[row_density[0] >> 10] + 2048) >> 7
            estimates = (
                s0[place],
                s1[place, column_class],
                s2[place, row_class],
                s3[place, near],
                s4[of_column[0] >> 18, row_density[0] >> 18],
                s5[column_class >> 1, near],
            )
            stretches = [STRETCH[e[0] >> 10] for e in estimates]
            stretches.append(STRETCH[of_column[0] >> 10])
            p = _chance(stretches, weights)
            bit = self.bit(p)
            weights = _taught(weights, stretches, 65536 * bit - p, 18)
            _learn(estimates, bit, 500)
            _learn((of_column, row_density), bit, 250)
            if bit:
                survives[j] = 1
                codes[i] = self._value(column, place)
        return codes

    def _value(self, column, place):
        g = self.mean[0] >> 6
        of_column = self.mean_of_column.get(column)
        r = _class(self.mean_of_row[0] >> 6, g)
        k = _class(of_column[0] >> 6, g) if of_column else 3
        t = _class(self.recent, g)
        top = self.last >> max(0, self.depth - 3)
        s0, s1, s2, s3, s4, s5, s6, s6_apart = self.families
        node = 1
        for level, weights in enumerate(self.weights):
            estimates = (
                s0[node],
                s1[node, r],
                s2[node, k],
                s3[node, t],
                s4[node, r, k],
                s5[node, place],
                s6[node, top] if level < 3 else s6_apart[node],
            )
            node = 2 * node + self.mixed(estimates, weights, 17, 500)
        rank = node - (1 << self.depth)
        _require(rank < self.count, "code of a weight")
        magnitude = self.magnitudes[rank + 1]
        if not of_column:
            of_column = self.mean_of_column[column] = [self.mean[0], 2]
        _adapt(self.mean_of_row, 64 * magnitude, 250)
        _adapt(of_column, 64 * magnitude, 250)
        _adapt(self.mean, 64 * magnitude, 500)
        self.recent += ((magnitude - self.recent) * 77) >> 8
        self.last = rank
        return rank + 1


def _class(a, g):
    for number, step in enumerate((32, 45, 54, 64, 74, 90, 128)):
        if 64 * a < step * g:
            return number
    return 7


# ---- coding, section 5: levels of a grid ----


class _LevelBlock(_Decoder):
    def __init__(self, stream, t):
        super().__init__(stream)
        self.row = min(t.row, BLOCK)
        self.kernel = t.kernel if t.kernel <= 64 and t.row <= BLOCK else 1
        self.largest = t.grid[0]
        self.bits = self.largest.bit_length()
        self.depth = (self.bits - 1).bit_length()
        self.estimates, self.weights, self.signs = {}, {}, _Estimates()

    def decode(self, start, n):
        largest, row, kernel = self.largest, self.row, self.kernel
        if largest == 0:
            return [0] * n
        digits = 22 - self.bits
        unit = 1 << digits
        mean = [largest * unit // 4, 2]
        mean_of_row, mean_of_column = [mean[0], 2], {}
        second = kernel if kernel > 1 else 2
        before = max(row, second)
        levels = [largest // 4] * before + [0] * n  # from weight -before on
        for i in range(n):
            column = (start + i) % row
            if column == 0:
                mean_of_row = [mean[0], 2]
            j = before + i
            a, b, u = levels[j - 1], levels[j - second], levels[j - row]
            of_column = mean_of_column.get(column)
            A, W = (mean[0] * 16) >> digits, (mean_of_row[0] * 16) >> digits
            C = (of_column[0] * 16) >> digits if of_column else A
            M, N = (A + W + C) // 3, 4 * (2 * abs(a) + abs(b) + abs(u))
            classes = (
                _level_class(W),
                _level_class(C),
                _level_class((N + 2 * M) // 3),
                _level_class((W + C) // 2),
            )
            level = self._level(classes, column % kernel, _sign(a), _sign(b), _sign(u))
            if not of_column:
                of_column = mean_of_column[column] = [mean[0], 2]
            magnitude = abs(level) * unit
            _adapt(of_column, magnitude, 60)
            _adapt(mean_of_row, magnitude, 24)
            _adapt(mean, magnitude, 500)
            levels[j] = level
        return levels[before:]

    def _level(self, classes, place, *signs):
        if not self._decide(classes, place, ("zero", 0, 0), "zero"):
            return 0
        negative = self.by_estimate(self.signs[signs], 255)
        t = 1
        for rest in range(self.depth - 1, -1, -1):
            bit = 0
            if ((2 * t + 1) << rest) - (1 << self.depth) < self.bits:
                bit = self._decide(classes, place, ("tree", t, 0), t)
            t = 2 * t + bit
        e = t - (1 << self.depth)
        size = 1
        if e > 0:
            size = 2 + self._decide(classes, place, ("first", e, 0), "first")
        if e > 1:
            size = 2 * size + self._decide(classes, place, ("second", e, size & 1), "second")
        if e > 2:
            size = (size << (e - 2)) | self.raw(e - 2)
        _require(size <= self.largest, "level of a weight")
        return -size if negative else size

    def _decide(self, classes, place, node, weights):
        known = self.estimates.get(node)
        if known is None:
            known = self.estimates[node] = {}
        estimates = []
        for family, number in enumerate(classes):
            context = (family, number, place if family == 3 else 0)
            estimate = known.get(context)
            if estimate is None:
                estimate = known[context] = [64 * self._expected(node, number), 24]
            estimates.append(estimate)
        mine = self.weights.get(weights)
        if mine is None:
            mine = self.weights[weights] = [4300] * 4
        return self.mixed(estimates, mine, 18, 255)

    def _expected(self, node, number):
        """Section 5.2: what a decision at a node is expected to be, of 65536, in a class."""
        mean = 15
        if number > 0:
            mean = (1 << (2 + (number - 1) // 4)) * (9 + 2 * ((number - 1) % 4))

        def tail(x):
            return SQUASH[2047 - min(2047, (2 * x - 1) * 22713 // mean)] if x > 0 else 32768

        what, x, y = node
        if what == "zero":
            low, middle, high = tail(0), tail(1), SQUASH[0]
        else:
            if what == "tree":
                width = 1 << (self.depth - x.bit_length())
                first = 2 * width * x - (1 << self.depth)
                ends = (1 << first, 1 << (first + width), 1 << (first + 2 * width))
            else:
                size = 1 << (x if what == "first" else x - 1)
                bottom = (1 << x) + size * y
                ends = (bottom, bottom + size // 2, bottom + size)
            low, middle, high = map(tail, ends)
        p = 65536 * (middle - high) // (low - high) if low != high else 32768
        return min(max(p, 1311), 64225)


def _sign(x):
    return (x > 0) - (x < 0)


def _level_class(x):
    if x < 4:
        return 0
    e = x.bit_length() - 1
    return min(63, 4 * (e - 2) + ((x >> (e - 2)) & 3) + 1)


# ---- format, section 6: the adaptive stream ----


def _read_tables(stream, tensors):
    reader = _Tables(stream)
    for t in tensors:
        if t.grid:
            largest, matrices, rows, cols, _, by_column = t.grid
            t.scales = reader.scales("channel", matrices * rows, 57600)
            if by_column:
                t.column_scales = reader.scales("column", matrices * cols, 6400)
            symbols = 2 * largest + 1
        else:
            t.codebook = reader.codebook(t.dtype)
            symbols = len(t.codebook)
        if not t.arithmetic:
            t.value_lengths = reader.code_lengths("values", symbols)
            if t.index_bits:
                t.gap_lengths = reader.code_lengths("gaps", 1 << t.index_bits)
    _require(0 <= len(stream) - (reader.taken - 4) <= 4, "adaptive stream")


class _Tables(_Decoder):
    def __init__(self, stream):
        super().__init__(stream)
        self.contexts = _Estimates()
        self.means = {"channel": 0, "column": 0}

    def _bit(self, *context):
        return self.by_estimate(self.contexts[context], 30)

    def _tree(self, family, count):
        node = 1
        for _ in range(count):
            node = 2 * node + self._bit(family, node)
        return node - (1 << count)

    def _difference(self, family, length, sign):
        """The difference of that bit length, and its sign: 0, 1 negative, 2 positive."""
        if length == 0:
            return 0, 0
        negative = self._bit(family, "sign", sign)
        size = 1
        if length > 1:
            size = 2 + self._bit(family, "second", length)
        if length > 2:
            size = (size << (length - 2)) | self.raw(length - 2)
        return (-size, 1) if negative else (size, 2)

    def scales(self, family, count, limit):
        shift = self._tree((family, "shift"), 3)
        logs, length, sign, mean = [], 18, 0, self.means[family]
        for i in range(count):
            _require(self.taken <= len(self.stream) + 8, "adaptive stream")
            length = self._tree((family, "length", length), 5)
            _require(length <= 17, "scale")
            difference, sign = self._difference(family, length, sign)
            log = ((mean >> (4 + shift)) + difference) << shift
            _require(abs(log) <= limit, "scale")
            mean = 16 * log if i == 0 else mean + ((16 * log - mean) >> 2)
            logs.append(log)
        self.means[family] = mean
        logs = np.array(logs, np.int64)
        return np.ldexp(MANTISSAS[logs & 63], (logs >> 6) - 15)

    def codebook(self, dtype):
        count = self._tree("count", 9)
        _require(count <= 256, "codebook")
        values = [0.0]
        if count and self._bit("wide"):
            for i in range(count):
                halves = struct.pack(">II", self.raw(32), self.raw(32))
                values.append(struct.unpack(">d", halves)[0])
                _require(i == 0 or not values[-1] < values[-2], "codebook")
        elif count:
            self._narrow_values(values, count)
        return np.array(values)

    def _narrow_values(self, values, count):
        shift = self._tree("values' shift", 5)
        length = sign = rank = 0
        for i in range(1, count + 1):
            prediction = rank
            if i > 2:
                with np.errstate(all="ignore"):
                    line = np.float32(2 * np.float64(values[-1]) - values[-2])
                prediction = rank if np.isnan(line) else _rank_of(line, shift)
            length = self._tree(("values' length", length // 2), 6)
            _require(length <= 32, "codebook")
            difference, sign = self._difference("values", length, sign)
            before, rank = rank, prediction + difference
            _require(-(1 << (31 - shift)) <= rank < 1 << (31 - shift), "codebook")
            _require(i == 1 or rank >= before, "codebook")
            bits = rank << shift if rank >= 0 else ((-rank - 1) << shift) + (1 << 31)
            values.append(float(np.uint32(bits).view(np.float32)))

    def code_lengths(self, family, symbols):
        e = self._tree((family, "used"), 5)
        used = (1 << (e - 1)) + self.raw(e - 1) if e > 0 else 0
        _require(used <= symbols, "code table")
        lengths = [0] * symbols
        last, absent, step1, step2 = 8, 0, 0, 0
        for s in range(used):
            absent = self._bit(family, "absent", absent)
            if absent:
                continue
            step = 0
            if self._bit(family, "moved", step1, step2):
                longer = self._bit(family, "longer", step1, step2)
                size = 1
                while size <= 16 and self._bit(family, "further", min(size - 1, 7)):
                    size += 1
                step = size if longer else -size
            last += step
            _require(1 <= last <= 16, "code table")
            lengths[s] = last
            step1, step2 = (0 if step == 0 else 1 if step < 0 else 2), step1
        return lengths


def _rank_of(value, shift):
    bits = int(value.view(np.uint32))
    return bits >> shift if bits < 1 << 31 else -((bits - (1 << 31)) >> shift) - 1


# ---- coding, section 8: mixed planes of the rest ----


def _mix(h, v):
    x = ((h ^ ((v + 0x5BD1E995) & 0xFFFFFFFF)) * 0x9E3779B1) & 0xFFFFFFFF
    return x ^ (x >> 15)


class _MixedPlane(_Decoder):
    """above: the planes of higher bytes, the next one first; None for structure.

    An estimate is a number into means and counts: those of hashed contexts first, then others."""

    def __init__(self, stream, length, above):
        super().__init__(stream)
        self.length, self.above = length, above
        self.bits = min(max(length.bit_length() + 2, 16), 20)
        self.hashed = 9 << self.bits
        self.means = array("i", [1 << 21]) * self.hashed
        self.counts = bytearray(self.hashed)
        self.others = {}
        self.runs = [{} for _ in range(9)]  # (byte, count)
        self.weights = [[3000] * 22 for _ in range(64)]
        self.seen = bytearray(8)
        self.positions, self.match, self.match_length = {}, 0, 0
        self.word = self.word_before = self.tag = self.tag_before = self.key = 0
        self.digits, self.numbers = "", {}  # (value, times, times before)

    def decode(self):
        if self.above is None:
            for byte in PRIMER:
                self._byte(0, 0, byte)
        nothing = bytes(self.length)
        a, b, *_ = [*(self.above or []), nothing, nothing]
        for i in range(self.length):
            self._byte(a[i], b[i], None)
        return bytes(self.seen[-self.length :])

    def _byte(self, a, b, given):
        hashes = self._hashes(a, b)
        runs = [h >> (34 - self.bits) for h in hashes]
        expected = self._expected(runs)
        shift, size = 32 - self.bits, 1 << self.bits
        node = 1
        for bit in range(7, -1, -1):
            add = (node + 0x5BD1E995) & 0xFFFFFFFF  # _mix(h, node), written out
            mixes = [((h ^ add) * 0x9E3779B1) & 0xFFFFFFFF for h in hashes]
            inputs = [(x ^ (x >> 15)) >> shift for x in mixes]
            inputs = [i * size + slot for i, slot in enumerate(inputs)]
            places = list(range(9))  # of the inputs that have a say
            for place, byte, context in expected:
                if byte >> (bit + 1) == node:
                    inputs.append(self._other(context, (byte >> bit) & 1))
                    places.append(place)
            inputs.append(self._other("node", node))
            places.append(18)
            chosen = 4 * self._confidence() if 19 in places else 0
            chosen += (20 in places) + 2 * (21 in places)
            node = 2 * node + self._mix_places(inputs, places, self.weights[chosen], given, bit)
        self._learn(node - 256, runs)

    def _other(self, context, which):
        number = self.others.get((context, which))
        if number is None:
            number = self.others[context, which] = len(self.means)
            self.means.append(1 << 21)
            self.counts.append(0)
        return number

    def _mix_places(self, inputs, places, all_weights, given, bit):
        means, counts, hashed = self.means, self.counts, self.hashed
        stretches = [STRETCH[means[i] >> 10] for i in inputs]
        weights = [all_weights[place] for place in places]
        p = _chance(stretches, weights)
        decided = self.bit(p) if given is None else (given >> bit) & 1
        weights = _taught(weights, stretches, 65536 * decided - p, 17)
        for place, weight in zip(places, weights):
            all_weights[place] = weight
        for i in inputs:
            m, c = means[i], counts[i]
            if decided:
                means[i] = m + (((TOP - m) >> 7) * RATE[c] >> 9)
            else:
                means[i] = m - ((m >> 7) * RATE[c] >> 9)
            if c < (20 if i < hashed else 127):
                counts[i] = c + 1
        return decided

    def _hashes(self, a, b):
        y6, y5, y4, y3, y2, y1 = self.seen[-6:]
        two, four = y1 | y2 << 8, y1 | y2 << 8 | y3 << 16 | y4 << 24
        structure = self.above is None
        return (
            _mix(1, y1),
            _mix(2, two),
            _mix(3, two | y3 << 16),
            _mix(4, four),
            _mix(_mix(5, four), y5 | y6 << 8),
            _mix(_mix(6, self.word), self.word_before),
            _mix(7, self.key if structure else a),
            _mix(8, y2 | y3 << 8),
            _mix(_mix(9, self.tag), y1 | self.tag_before << 8)
            if structure
            else _mix(_mix(9, a | b << 8), y1),
        )

    def _expected(self, runs):
        """Of inputs 9 to 21 that expect a byte: the input, that byte plus 256, the context."""
        expected = []
        for i, (table, key) in enumerate(zip(self.runs, runs)):
            if key in table:
                byte, count = table[key]
                expected.append((9 + i, byte + 256, (i, min(count, 15))))
        if self.match_length:
            expected.append((19, self.seen[self.match] + 256, ("match", self._confidence())))
        value, times, before = self.numbers.get(self.key >> 20, (None, 0, 0))
        for more in (0, 1):
            text = "" if value is None else str(value + more)
            if len(text) > len(self.digits) and text.startswith(self.digits):
                byte = ord(text[len(self.digits)])
                expected.append((20 + more, byte + 256, (more, times, before)))
        return expected

    def _confidence(self):
        n = self.match_length
        return n if n < 8 else min(15, 6 + n // 4)

    def _learn(self, byte, runs):
        for table, key in zip(self.runs, runs):
            last, count = table.get(key, (None, 0))
            table[key] = (byte, min(255, count + 1) if last == byte else 1)
        self.seen.append(byte)
        self._learn_number(byte)
        self._learn_match()
        if byte > 127 or 65 <= byte <= 90 or 97 <= byte <= 122:
            self.word = _mix(self.word, byte)
        elif self.word:
            self.word_before, self.word = self.word, 0
        if byte < 32:
            self.tag, self.tag_before = byte, self.tag

    def _learn_number(self, byte):
        if 48 <= byte <= 57:
            self.digits += chr(byte)
            return
        if self.digits:
            if len(self.digits) <= 9:
                slot, value = self.key >> 20, int(self.digits)
                known, times, before = self.numbers.get(slot, (None, 0, 0))
                same = known == value
                self.numbers[slot] = (
                    (value, min(15, times + 1), before) if same else (value, 1, times)
                )
            self.digits = ""
            self.key = _mix(self.key, 35)
        self.key = _mix(self.key, byte) if 32 <= byte <= 126 else 0

    def _learn_match(self):
        seen, end = self.seen, len(self.seen)
        if self.match_length and seen[self.match] == seen[-1]:
            self.match += 1
            self.match_length += 1
        else:
            self.match_length = 0
        four = int.from_bytes(seen[-4:], "big")
        slot = ((four * 0x9E3779B1) & 0xFFFFFFFF) >> 16
        q = self.positions.get(slot)
        if self.match_length == 0 and q is not None:
            n = 0
            while n < min(32, q) and seen[end - 1 - n] == seen[q - 1 - n]:
                n += 1
            self.match, self.match_length = q, n
        self.positions[slot] = end


# ---- the command ----


def main(arguments):
    if len(arguments) != 2:
        sys.exit("usage: python3 dcz.py model.dcz folder")
    source, folder = arguments
    made = []
    try:
        restored = files(source)
        name = os.path.splitext(os.path.basename(source))[0] + ".onnx"
        os.makedirs(folder, exist_ok=True)
        root = os.path.realpath(folder)
        for location, content in restored.items():
            path = os.path.join(root, *(location or name).split("/"))
            if os.path.realpath(path) != path:
                raise DczError(f"{path} is behind a link: choose another folder")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as file:  # replaces nothing
                made.append(path)
                file.write(content)
            print(path)
    except (DczError, OSError) as error:
        for path in made:
            os.remove(path)
        sys.exit(f"{source}: {error}")


# coding, section 8.5
PRIMER = base64.b64decode(
    "CAcSB3B5dG9yY2gaBDEuMTAKqAEKBWlucHV0Cgxjb252MS53ZWlnaHQKCmNvbnYxLmJpYXMSFC9jb252MS9Db252X2"
    "91dHB1dF8wGgsvY29udjEvQ29udiIEQ29udioSCglkaWxhdGlvbnNAAUABoAEHKgwKBWdyb3VwGAGgAQIqFQoMa2Vy"
    "bmVsX3NoYXBlQANAA6ABByoRCgRwYWRzQAFAAUABQAGgAQcqEAoHc3RyaWRlc0ABQAGgAQcKxQEKFC9jb252MS9Db2"
    "52X291dHB1dF8wCgpibjEud2VpZ2h0CghibjEuYmlhcwoQYm4xLnJ1bm5pbmdfbWVhbgoPYm4xLnJ1bm5pbmdfdmFy"
    "EiAvYm4xL0JhdGNoTm9ybWFsaXphdGlvbl9vdXRwdXRfMBoXL2JuMS9CYXRjaE5vcm1hbGl6YXRpb24iEkJhdGNoTm"
    "9ybWFsaXphdGlvbioRCgdlcHNpbG9uFazFJzegAQEqEgoIbW9tZW50dW0VZmZmP6ABAQogCgF4Eg4vUmVsdV9vdXRw"
    "dXRfMBoFL1JlbHUiBFJlbHUKUgoBeBIRL01heFBvb2xfb3V0cHV0XzAaCC9NYXhQb29sIgdNYXhQb29sKhUKDGtlcm"
    "5lbF9zaGFwZUACQAKgAQcqEAoHc3RyaWRlc0ACQAKgAQcKRwoBeBIbL0dsb2JhbEF2ZXJhZ2VQb29sX291dHB1dF8w"
    "GhIvR2xvYmFsQXZlcmFnZVBvb2wiEUdsb2JhbEF2ZXJhZ2VQb29sCksSFC9Db25zdGFudF8xX291dHB1dF8wGgsvQ2"
    "9uc3RhbnRfMSIIQ29uc3RhbnQqHAoFdmFsdWUqEAgBEAdCAEoI//////////+gAQQKIAoBeAoBeRINL011bF9vdXRw"
    "dXRfMBoEL011bCIDTXVsCiAKAXgKAXkSDS9BZGRfb3V0cHV0XzAaBC9BZGQiA0FkZAopCgF4EhEvU2lnbW9pZF9vdX"
    "RwdXRfMBoIL1NpZ21vaWQiB1NpZ21vaWQKMwoBeBIQL0NvbmNhdF9vdXRwdXRfMBoHL0NvbmNhdCIGQ29uY2F0KgsK"
    "BGF4aXMYAaABAgopCgF4EhEvUmVzaGFwZV9vdXRwdXRfMBoIL1Jlc2hhcGUiB1Jlc2hhcGUKQgoBeBITL1RyYW5zcG"
    "9zZV9vdXRwdXRfMBoKL1RyYW5zcG9zZSIJVHJhbnNwb3NlKhEKBHBlcm1AAEACQAFAA6ABBwomCgF4EhAvTWF0TXVs"
    "X291dHB1dF8wGgcvTWF0TXVsIgZNYXRNdWwKKQoBeBIRL1NvZnRtYXhfb3V0cHV0XzAaCC9Tb2Z0bWF4IgdTb2Z0bW"
    "F4Cl8KAXgKCWZjLndlaWdodAoHZmMuYmlhcxIGb3V0cHV0GggvZmMvR2VtbSIER2VtbSoPCgVhbHBoYRUAAIA/oAEB"
    "Kg4KBGJldGEVAACAP6ABASoNCgZ0cmFuc0IYAaABAioaCEAIAwgDCAMQAUIMY29udjEud2VpZ2h0SgAqEghAEAFCCm"
    "NvbnYxLmJpYXNKAFomCgVpbnB1dBIdChsIARIXCgcSBWJhdGNoCgIIAwoDCOABCgMI4AFiHgoGb3V0cHV0EhQKEggB"
    "Eg4KBxIFYmF0Y2gKAwjoB0IECgAQDQ=="
)

# format, section 2
DICTIONARY = (
    b'{"coder":"auto","description":"","index":{"bits":"auto"},"kinds":{"conv":{"prune":{"target'
    b'":0.3},"share":{"bits":8}},"fc":{"prune":{"target":0.9},"share":{"bits":5}}},"layers":{"*.'
    b'bias":{"prune":{"method":"none"},"share":{"bits":4}}},"minimumWeights":256,"name":"","prun'
    b'e":{"granularity":"weight","method":"sparsity","quality":0.5,"target":0.5},"roles":["weigh'
    b't","bias"],"share":{"bits":5,"init":"linear","method":"kmeans"},"train":{"augment":{"mirro'
    b'r":false,"rotate":0,"scale":0,"shear":0,"shift":0},"batch":64,"batchNorm":"frozen","dropou'
    b't":false,"loss":"cross-entropy","normalisation":{"deviation":[1],"mean":[0],"scale":0.0039'
    b'2156862745098},"stages":[{"clip":0,"cut":0.05,"deadUnits":true,"epochs":1,"freeze":[],"fre'
    b'ezeKinds":[],"keep":"last","kind":"prune","l1":0,"l2":0,"layers":["*"],"momentum":0.9,"opt'
    b'imizer":"adam","path":"gradual","rate":0.001,"schedule":"constant","steps":1},{"clip":0,"c'
    b'ut":0.05,"deadUnits":true,"epochs":1,"freeze":[],"freezeKinds":[],"keep":"best","kind":"sh'
    b'are","l1":0,"l2":0,"layers":["*"],"momentum":0.9,"optimizer":"adam","path":"gradual","rate'
    b'":0.001,"schedule":"cosine","steps":1}],"teacher":0.5,"temperature":2,"validation":0.1}}'
)

if __name__ == "__main__":
    main(sys.argv[1:])
