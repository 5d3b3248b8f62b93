/** What dist/queue.js gives to whoever loads it, when a queue is first asked for. */
export { openQueue } from './queue.ts';
export { cancelRun, failuresOf, listRuns, removeRun, specOf, startRun, watchRun } from './runs.ts';
export { work } from './worker.ts';
