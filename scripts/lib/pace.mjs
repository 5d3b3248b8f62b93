/**
 * How slow this machine is while it tests: a factor, at least 1, of every limit that says "it
 * hangs". A fixed computation takes its time once a run; what starts other processes hands the
 * factor on in DC_PACE, so that a run has one.
 */
const usual = 68; // ms of the computation on the machine that the limits were chosen on
const rounds = 5;
const most = 10;

function compute() {
  let hash = 0x811c9dc5;
  for (let i = 0; i < 60_000_000; i++) hash = Math.imul(hash ^ (i & 255), 0x01000193);
  return hash;
}

function measure() {
  const took = Array.from({ length: rounds }, () => {
    const start = performance.now();
    compute();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  const factor = took[(rounds - 1) / 2] / usual;
  return Math.min(most, Math.max(1, Math.round(10 * factor) / 10));
}

export const pace = Number(process.env.DC_PACE) || measure();
process.env.DC_PACE = String(pace);

/** @param {number} ms a limit on a quiet machine */
export const limit = (ms) => Math.round(ms * pace);
