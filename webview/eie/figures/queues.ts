/** How full the activation queues of the PEs were over time. */
import { queueSteps, queueTimeline } from '../../charts/queue-timeline.ts';
import { fill } from '../../ui/dom.ts';
import type { Drawing } from '../../ui/figure.ts';
import { formatShare } from '../../ui/format.ts';
import type { LayerDetail, PageLayer } from '../data.ts';
import type { EieStrings } from '../strings.ts';

const two = (value: number): string => value.toFixed(2);

export function queuesDrawing(
  layer: PageLayer,
  timeline: NonNullable<LayerDetail['timeline']>,
  t: EieStrings,
): Drawing {
  const data = {
    ...timeline,
    cycles: layer.cycles,
    pes: layer.machine.pe,
    depth: layer.machine.fifo - 1,
  };
  const { steps, cycles } = queueSteps(data, 24);
  const mean = (of: (s: (typeof steps)[number]) => number): number =>
    steps.reduce((a, s) => a + of(s), 0) / Math.max(1, steps.length);
  const summary = fill(
    t.queuesSummary,
    two(mean((s) => s.mean)),
    data.depth,
    layer.queueHighWater,
    formatShare(mean((s) => s.working)),
  );
  return {
    summary,
    draw: (width) =>
      queueTimeline(data, width, {
        summary,
        occupancy: t.queueOccupancy,
        working: t.queueWorking,
        perPe: t.queuePerPe,
        stalls: t.queueStalls,
        axis: t.cycleAxis,
      }),
    table: () => ({
      columns: [t.fromCycle, t.meanItems, t.leastItems, t.mostItems, t.working, t.held],
      rows: steps.map((s, i) => [i * cycles, s.mean, s.least, s.most, s.working, s.stalled]),
    }),
  };
}
