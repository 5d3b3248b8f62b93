/**
 * Sentences about a run: why its cycles are more than the theoretical ones, and what the imbalance
 * between PEs costs. Figures come from the statistics alone.
 */
import type { Causes, Statistics } from './simulate.ts';

const percent = (part: number, whole: number): string =>
  `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;

/** What people call a cause, in the order of a PE's life. */
export const causeNames: Readonly<Record<keyof Causes, string>> = {
  work: 'multiply-accumulates',
  filler: 'filler zeros',
  emptyColumns: 'columns empty for a PE',
  fill: 'filling the pipeline',
  scan: 'waiting for the next non-zero activation',
  queueFull: "waiting while another PE's queue is full",
  imbalance: 'waiting for the slowest PE at the end',
  drain: 'emptying the pipeline',
};

/** One sentence on where the PE-cycles went beyond the entries, largest part first. */
export function explainLoss(s: Statistics): string {
  const all = s.bubbles + s.entries;
  const parts = (Object.keys(causeNames) as (keyof Causes)[])
    .filter((k) => k !== 'work' && k !== 'filler' && s.causes[k] > 0)
    .sort((a, b) => s.causes[b] - s.causes[a])
    .map((k) => `${percent(s.causes[k], all)} ${causeNames[k]}`);
  const head = `${percent(s.entries, all)} of all PE-cycles walk entries (${percent(s.causes.filler, all)} filler zeros)`;
  return parts.length === 0 ? `${head}.` : `${head}; the rest: ${parts.join(', ')}.`;
}

/** One sentence on how unevenly the entries lie over the PEs. */
export function explainBalance(s: Statistics): string {
  const { entries, stalled } = s.perPe;
  let most = 0;
  let least = 0;
  let blocker = 0;
  for (let p = 1; p < entries.length; p++) {
    if (entries[p] > entries[most]) most = p;
    if (entries[p] < entries[least]) least = p;
    if (stalled[p] > stalled[blocker]) blocker = p;
  }
  const mean = s.entries / entries.length;
  if (s.entries === 0) return 'No PE has an entry in any active column.';
  const text = `PE ${most} has the most entries, ${entries[most]} (${percent(entries[most], mean)} of the mean), PE ${least} the fewest, ${entries[least]}`;
  return stalled[blocker] === 0
    ? `${text}; no queue was ever full when a broadcast was ready.`
    : `${text}; broadcasts were held up for ${s.broadcastStalls} cycles, most often by the full queue of PE ${blocker} (${stalled[blocker]}).`;
}
