/**
 * Numbers as people read them: the one way the pages and the sidebar write sizes, counts, shapes
 * and shares. Decimal units (1 kB = 1000 bytes), three significant digits; exact figures belong
 * into a tooltip.
 */

/** 4961234 -> `4.96 MB`; below 1000 the exact count: `812 B`. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, ['B', 'kB', 'MB', 'GB', 'TB'], ' ');
}

/** 1235496 -> `1.24M`, as the papers' tables count weights. */
export function formatCount(count: number): string {
  return scaled(count, ['', 'K', 'M', 'B', 'T'], '');
}

/** 4961234 -> `4,961,234`; the same in every locale, as the command line prints it. */
export function formatExact(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 0.08123 -> `8.12 %`; three significant digits, at most two decimals. */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return '–';
  const percent = share * 100;
  if (percent > 0 && percent < 0.01) return '< 0.01 %';
  return `${threeDigits(percent)} %`;
}

/** 0.98356 -> `98.36 %`; always two decimals, as errors of tests are told. */
export function formatAccuracy(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(2)} %` : '–';
}

/** 0.0482 -> `4.8 %`: two significant digits, as precise as an error of outputs is known and stated. */
export function formatError(share: number): string {
  return Number.isFinite(share) ? `${Number((share * 100).toPrecision(2))} %` : '–';
}

/** 9.42 -> `9.42×`; how many times smaller. */
export function formatRatio(ratio: number): string {
  return Number.isFinite(ratio) ? `${threeDigits(ratio)}×` : '–';
}

/** 95 -> `1 min 35 s`, 7260 -> `2 h 1 min`; whole seconds. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Dimensions with ×; a scalar has none. */
export function formatShape(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join('×');
}

/** Mean bits an entry: one decimal, as in the paper. */
export function formatBits(bits: number): string {
  return bits.toFixed(1);
}

/** Errors of weights span magnitudes: `1.23e-4`. */
export function formatSmall(value: number): string {
  if (value === 0) return '0';
  return Math.abs(value) >= 0.01 && Math.abs(value) < 1000
    ? threeDigits(value)
    : value.toExponential(2);
}

/** A float32's shortest decimal: 0.10000000149 -> `0.1`. */
export function formatFloat(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(8))) : String(value);
}

/** Three significant digits: 0.0312, 1.23e-4. */
export function formatFigures(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return value === 0 ? '0' : '–';
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(3))) : value.toExponential(2);
}

function scaled(value: number, units: readonly string[], gap: string): string {
  let unit = 0;
  let rest = value;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  const digits = unit === 0 ? String(Math.round(rest)) : threeDigits(rest);
  return units[unit] ? `${digits}${gap}${units[unit]}` : digits;
}

function threeDigits(value: number): string {
  const magnitude = Math.abs(value);
  return value.toFixed(magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2);
}
