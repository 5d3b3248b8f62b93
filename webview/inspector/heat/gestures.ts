/** Wheel, drag, click and keys on the heatmap's stage, as what they mean. */
export interface Gestures {
  /** By pixels. */
  readonly pan: (x: number, y: number) => void;
  /** About a point of the stage; without one about the cursor. */
  readonly zoom: (factor: number, at?: { readonly x: number; readonly y: number }) => void;
  readonly fit: () => void;
  /** A point of the stage was chosen. */
  readonly point: (x: number, y: number) => void;
  /** The cursor goes by so many blocks. */
  readonly step: (rows: number, cols: number) => void;
}

export const zoomStep = 1.6;
const panStep = 80;

export function listen(stage: HTMLElement, on: Gestures): void {
  stage.addEventListener('keydown', (event) => {
    if (key(event, on)) event.preventDefault();
  });
  stage.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      if (event.shiftKey) return on.pan(event.deltaY + event.deltaX, 0);
      const steps = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
      on.zoom(Math.exp(-steps / 300), within(stage, event));
    },
    { passive: false },
  );
  let last: { x: number; y: number; far: number } | undefined;
  stage.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    last = { x: event.clientX, y: event.clientY, far: 0 };
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener('pointermove', (event) => {
    if (!last) return;
    const [x, y] = [last.x - event.clientX, last.y - event.clientY];
    last = { x: event.clientX, y: event.clientY, far: last.far + Math.abs(x) + Math.abs(y) };
    on.pan(x, y);
  });
  stage.addEventListener('pointerup', (event) => {
    const { x, y } = within(stage, event);
    if (last && last.far < 4) on.point(x, y);
    last = undefined;
  });
  stage.addEventListener('pointercancel', () => (last = undefined));
}

function within(stage: HTMLElement, event: MouseEvent): { x: number; y: number } {
  const box = stage.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function key(event: KeyboardEvent, on: Gestures): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const arrows = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const arrow = arrows[event.key as keyof typeof arrows];
  if (arrow && event.shiftKey) on.pan(arrow[1]! * panStep, arrow[0]! * panStep);
  else if (arrow) on.step(arrow[0]!, arrow[1]!);
  else if (event.key === '+' || event.key === '=') on.zoom(zoomStep);
  else if (event.key === '-' || event.key === '_') on.zoom(1 / zoomStep);
  else if (event.key === 'Home') on.fit();
  else return false;
  return true;
}
