/**
 * Where a scrolling box stands: told as the user scrolls, and found again although what the box shows
 * arrives in pieces. The user's hand ends the way back.
 */
export class ScrollPlace {
  private goal: number | undefined;
  private readonly growth = new ResizeObserver(() => this.reach());

  constructor(
    private readonly box: HTMLElement,
    onScroll: (top: number) => void,
  ) {
    box.addEventListener('scroll', () => {
      if (this.goal === undefined) onScroll(Math.round(box.scrollTop));
    });
    for (const hand of ['wheel', 'pointerdown', 'keydown'])
      box.addEventListener(hand, () => (this.goal = undefined), { passive: true });
  }

  /** The box shows other content, from `top` on. */
  go(content: Element, top: number): void {
    this.growth.disconnect();
    this.goal = top;
    this.reach();
    this.growth.observe(content);
  }

  private reach(): void {
    if (this.goal === undefined) return;
    this.box.scrollTop = this.goal;
    if (Math.abs(this.box.scrollTop - this.goal) < 1) this.goal = undefined;
  }
}
