/**
 * How long the event loop of this thread is held up. The delay that a timer sees includes the time
 * in which a busy machine runs something else; the longest turn counts only what this thread itself
 * worked between two ticks, where Node can tell (23.9 and newer; else it is the delay).
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopFigures {
  /** Milliseconds of work between two ticks, at most. */
  readonly longestTurn: number;
  /** Milliseconds a 5 ms timer came late. */
  readonly max: number;
  readonly p99: number;
}

type Cpu = () => { user: number; system: number };

export function watchEventLoop(): { stop(): LoopFigures } {
  const cpu = (process as unknown as { threadCpuUsage?: Cpu }).threadCpuUsage?.bind(process);
  const worked = (): number => {
    const { user, system } = cpu?.() ?? { user: 0, system: 0 };
    return (user + system) / 1000;
  };
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
      return { longestTurn: cpu ? longest : max, max, p99: monitor.percentile(99) / 1e6 };
    },
  };
}
