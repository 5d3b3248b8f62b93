/**
 * Progress on stderr: a bar that redraws itself on a terminal; elsewhere one line a stage, so that
 * a CI log stays short. Stdout is never touched.
 */
import type { Progress } from '../engine/protocol.ts';
import { TimeLeft } from '../engine/time-left.ts';
import { name } from './format.ts';

const barWidth = 24;
const redrawEvery = 80;

export interface ProgressView {
  readonly show: (progress: Progress) => void;
  /** Takes the bar off the terminal. */
  readonly clear: () => void;
}

export function progressView(stream: NodeJS.WriteStream): ProgressView {
  return stream.isTTY ? bar(stream) : lines(stream);
}

function bar(stream: NodeJS.WriteStream): ProgressView {
  let last = -Infinity;
  let drawn = false;
  const left = new TimeLeft();
  return {
    show({ stage, layer, fraction }) {
      const now = performance.now();
      const time = left.at(fraction, now);
      if (now - last < redrawEvery) return;
      last = now;
      drawn = true;
      const filled = Math.round(fraction * barWidth);
      const text = `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${String(Math.floor(fraction * 100)).padStart(3)}%  ${time === undefined ? '' : `~${time} s left  `}${stage}  ${name(layer)}`;
      stream.write(`\r\u001b[2K${text.slice(0, Math.max(20, stream.columns - 1))}`);
    },
    clear() {
      if (drawn) stream.write('\r\u001b[2K');
      drawn = false;
    },
  };
}

function lines(stream: NodeJS.WriteStream): ProgressView {
  const shown = new Set<string>();
  return {
    show({ stage }) {
      if (shown.has(stage)) return;
      shown.add(stage);
      stream.write(`${stage}\n`);
    },
    clear() {},
  };
}
