/** The paper's figures for charts and tables, so that a page needs no simulator. */
import { moduleParts } from '../../../eie/energy.ts';
import {
  efficiencyBars,
  geometricMean,
  layerIds,
  platforms,
  publishedNotes,
  publishedSpeedup,
  speedupBars,
  wallClock,
  wallClocks,
  type Bars,
} from '../../../eie/platforms.ts';
import { findWorkload } from '../../../eie/workloads.ts';
import type { PublishedResult } from '../../protocol-eie.ts';

const withMean = (bars: Bars) => ({ ...bars, computedMean: geometricMean(bars.values) });

export function publishedFigures(): PublishedResult {
  return {
    layers: layerIds.map((id) => ({ id, name: findWorkload(id).name })),
    wallClocks,
    platforms,
    speedupBars: speedupBars.map(withMean),
    efficiencyBars: efficiencyBars.map(withMean),
    meanSpeedups: {
      overCpuDense: publishedSpeedup(wallClock('CPU', 'dense')).mean,
      overGpuDense: publishedSpeedup(wallClock('GPU', 'dense')).mean,
      overMobileGpuDense: publishedSpeedup(wallClock('mGPU', 'dense')).mean,
    },
    peModules: moduleParts,
    notes: publishedNotes(),
  };
}
