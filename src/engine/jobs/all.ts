/** The jobs by name, bound to what this program can offer them (its worker file, if any). */
import { LayerStore } from '../eie/layer-store.ts';
import type { Runtime } from '../input.ts';
import type { Job, JobName } from '../protocol.ts';
import { ViewRoom } from '../view-room.ts';
import { compareJob } from './compare.ts';
import { compressJob } from './compress.ts';
import { decompressJob } from './decompress.ts';
import { evaluateJob } from './evaluate.ts';
import { importJob } from './import.ts';
import { inspectJob } from './inspect.ts';
import { pageJob } from './page.ts';
import { presetsJob } from './presets.ts';
import { publishedJob } from './published.ts';
import { reportJob } from './report.ts';
import { retrainJob } from './retrain.ts';
import { sensitivityJob } from './sensitivity.ts';
import { simulateJob } from './simulate.ts';
import { sweepJob } from './sweep.ts';
import { viewJobs } from './view.ts';

export type AllJobs = { readonly [K in JobName]: Job<K> };

export function allJobs(runtime: Runtime): AllJobs {
  const store = new LayerStore(runtime);
  const room = new ViewRoom();
  return {
    inspect: inspectJob(runtime),
    compress: compressJob(runtime),
    decompress: decompressJob(runtime),
    import: importJob,
    report: reportJob(runtime),
    page: pageJob(runtime),
    presets: presetsJob,
    simulate: simulateJob(store),
    sweep: sweepJob(store, runtime),
    published: publishedJob,
    ...viewJobs(room),
    compare: compareJob(room),
    evaluate: evaluateJob(runtime),
    retrain: retrainJob(runtime),
    sensitivity: sensitivityJob(runtime),
  };
}
