/** Every job by name; types, validation and dispatch follow from this list. */
import { eie } from '../simulate/eie/eie.ts';
import { LayerStore } from '../simulate/layer-store.ts';
import type { Runtime } from '../input.ts';
import type { Job } from '../protocol.ts';
import { ViewRoom } from '../view-room.ts';
import { agreementJob } from './agreement.ts';
import { attemptsJob } from './attempts.ts';
import { compareJob } from './compare.ts';
import { compressJob } from './compress.ts';
import { decompressJob } from './decompress.ts';
import type { JobContext, JobDeclaration } from './define.ts';
import { filesToRestoreJob, inputFilesJob } from './files.ts';
import { durationJob } from './duration.ts';
import { evaluateJob } from './evaluate.ts';
import { exportJob } from './export.ts';
import { groupsJob } from './groups.ts';
import { importJob } from './import.ts';
import { impactJob } from './impact.ts';
import { inspectJob } from './inspect.ts';
import { pageJob } from './page.ts';
import { presetsJob } from './presets.ts';
import { publishedJob } from './published.ts';
import { reportJob } from './report.ts';
import { retrainJob } from './retrain.ts';
import { searchJob } from './search.ts';
import { sensitivityJob } from './sensitivity.ts';
import { simulateJob } from './simulate.ts';
import { slimJob } from './slim.ts';
import { sweepJob } from './sweep.ts';
import { useJob } from './use.ts';
import { closeViewJob, openViewJob, viewJob } from './view.ts';

export const declaredJobs = {
  inspect: inspectJob,
  compress: compressJob,
  decompress: decompressJob,
  filesToRestore: filesToRestoreJob,
  inputFiles: inputFilesJob,
  import: importJob,
  export: exportJob,
  groups: groupsJob,
  slim: slimJob,
  use: useJob,
  report: reportJob,
  page: pageJob,
  presets: presetsJob,
  simulate: simulateJob(eie),
  sweep: sweepJob(eie),
  published: publishedJob(eie),
  agreement: agreementJob,
  attempts: attemptsJob,
  duration: durationJob,
  evaluate: evaluateJob,
  retrain: retrainJob,
  sensitivity: sensitivityJob,
  search: searchJob,
  impact: impactJob,
  compare: compareJob,
  openView: openViewJob,
  view: viewJob,
  closeView: closeViewJob,
} as const;

/** What each job takes, gives, and tells while it runs. */
export type DeclaredJobs = {
  [K in keyof typeof declaredJobs]: (typeof declaredJobs)[K] extends JobDeclaration<
    infer Input extends object,
    infer Result extends object,
    infer Event extends object
  >
    ? { readonly input: Input; readonly result: Result; readonly event: Event }
    : never;
};

export type AllJobs = { readonly [K in keyof DeclaredJobs]: Job<K> };

/** The jobs, bound to what this program can offer them (its worker file, if any). */
export function allJobs(runtime: Runtime): AllJobs {
  const shared = {
    runtime,
    layers: new LayerStore(runtime),
    room: new ViewRoom(runtime.workerFile),
  };
  const bound = Object.entries(declaredJobs).map(([name, job]) => [name, bind(job, shared)]);
  return Object.fromEntries(bound) as AllJobs;
}

function bind(
  job: JobDeclaration<never, unknown, unknown>,
  shared: Pick<JobContext, 'runtime' | 'layers' | 'room'>,
): Job<keyof DeclaredJobs> {
  return (input, signal, onProgress, control, onEvent = () => {}) =>
    job.run(input as never, {
      ...shared,
      signal,
      onProgress,
      control,
      onEvent: onEvent as never,
    }) as never;
}
