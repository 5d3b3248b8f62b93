/**
 * The two tables of logistic mixing, in integers only, so that every machine builds the same ones:
 * `squash`, the logistic function, and `stretch`, its inverse. Arguments of squash are in units of
 * 1/256 nat, clamped to +-2047; probabilities have 16 bits. docs/dcz-coding.md, section 4.2.
 */
export const stretchLimit = 2047;

/** round(2^26 x exp(-1/256)) */
const ratio = 66847231;
const one = 2 ** 26;

/** `squashTable[x + 2048]`: 2^16 / (1 + exp(-x / 256)) for x = -2047 .. 2047. */
export const squashTable: Int32Array = buildSquash();

/** `stretchTable[q]`: the least x whose squash is at least 16 q + 8, for 12-bit probabilities q. */
export const stretchTable: Int32Array = buildStretch();

function buildSquash(): Int32Array {
  const table = new Int32Array(4096);
  let e = one; // exp(-x / 256) in units of 2^-26; products stay below 2^53
  for (let x = 0; x <= stretchLimit; x++) {
    const p = Math.floor((65536 * one) / (one + e));
    table[2048 + x] = p;
    table[2048 - x] = 65536 - p;
    e = Math.floor((e * ratio) / one);
  }
  table[0] = table[1];
  return table;
}

function buildStretch(): Int32Array {
  const table = new Int32Array(4096);
  let x = -stretchLimit;
  for (let q = 0; q < 4096; q++) {
    while (x < stretchLimit && squashTable[x + 2048] < 16 * q + 8) x++;
    table[q] = x;
  }
  return table;
}
