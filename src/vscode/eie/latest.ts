/**
 * Keeps up with a slider: at most one piece of work is under way, and of everything asked for in the
 * meantime only the latest is done next. No timers: as fast as the work allows, and no faster.
 */
export class Latest<T> {
  private waiting: { readonly value: T } | undefined;
  private running: Promise<void> | undefined;

  /**
   * @param work told by `superseded` whether something newer waits, so that it may stop early; its
   *   failures go to `failed`, and the next value is done all the same
   */
  constructor(
    private readonly work: (value: T, superseded: () => boolean) => Promise<void>,
    private readonly failed: (error: unknown, value: T) => void,
  ) {}

  /** Asks for `value`; anything that still waits is forgotten. Resolves when all work is done. */
  set(value: T): Promise<void> {
    this.waiting = { value };
    this.running ??= this.drain();
    return this.running;
  }

  /** Forgets what waits. */
  clear(): void {
    this.waiting = undefined;
  }

  private async drain(): Promise<void> {
    await Promise.resolve(); // `running` is set before the first work
    while (this.waiting) {
      const { value } = this.waiting;
      this.waiting = undefined;
      try {
        await this.work(value, () => this.waiting !== undefined);
      } catch (error) {
        this.failed(error, value);
      }
    }
    this.running = undefined;
  }
}
