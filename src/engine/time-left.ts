/** How long a job will still take, from how far it has come in the time that it has had. */

/** Neither so short a time nor so small a part says anything. */
const leastSeconds = 3;
const leastFraction = 0.02;

/** Of one job, from its first report on. */
export class TimeLeft {
  #start: number | undefined;

  /**
   * Seconds, in steps that a reader can follow (5 s, from a minute and a half on whole minutes);
   * undefined while nothing can be said.
   * @param now milliseconds
   */
  at(fraction: number, now = performance.now()): number | undefined {
    this.#start ??= now;
    const elapsed = (now - this.#start) / 1000;
    if (elapsed < leastSeconds || fraction < leastFraction || fraction >= 1) return undefined;
    const left = (elapsed * (1 - fraction)) / fraction;
    const step = left < 90 ? 5 : 60;
    return Math.max(1, Math.round(left / step)) * step;
  }
}
