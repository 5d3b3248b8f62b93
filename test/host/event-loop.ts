/**
 * How long the event loop of this thread is held up. The delay that a timer sees includes the time
 * in which a busy machine runs something else; the longest turn counts only what this thread itself
 * worked between two ticks, where Node can tell (23.9 and newer; else it is the delay).
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

export interface LoopFigures {
  /** Milliseconds of work between two ticks, at most. */
  readonly longestTurn: number;
  /** Milliseconds a 5 ms timer came late. */
  readonly max: number;
  readonly p99: number;
}

type Cpu = () => { user: number; system: number };
const threadCpu = (process as unknown as { threadCpuUsage?: Cpu }).threadCpuUsage?.bind(process);

/** Milliseconds that this thread has worked so far; undefined where Node cannot tell. */
export function threadWork(): number | undefined {
  if (!threadCpu) return undefined;
  const { user, system } = threadCpu();
  return (user + system) / 1000;
}

/** Waits until this thread has little to do: less than a tenth of its time, for half a second. */
export async function quiet(): Promise<void> {
  const span = 500;
  for (const end = performance.now() + 20_000; performance.now() < end;) {
    const before = threadWork() ?? 0;
    await new Promise((done) => setTimeout(done, span));
    if ((threadWork() ?? 0) - before < span / 10) return;
  }
}

export function watchEventLoop(): { stop(): LoopFigures } {
  const worked = (): number => threadWork() ?? 0;
  let last = worked();
  let longest = 0;
  const timer = setInterval(() => {
    const now = worked();
    longest = Math.max(longest, now - last);
    last = now;
  }, 5);
  const monitor = monitorEventLoopDelay({ resolution: 5 });
  monitor.enable();
  return {
    stop: () => {
      clearInterval(timer);
      monitor.disable();
      const max = monitor.max / 1e6;
      return { longestTurn: threadCpu ? longest : max, max, p99: monitor.percentile(99) / 1e6 };
    },
  };
}
