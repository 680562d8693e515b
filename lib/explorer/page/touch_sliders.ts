/// <reference lib="dom" />
/**
 * Lets a finger scroll the page over a slider. A browser moves a slider as soon as
 * it is touched; here it has moved only once the finger goes along it or is lifted.
 *
 * @module
 */

/** A touch on a slider of which it is not known yet what it means. */
interface Touch {
  readonly slider: HTMLInputElement;
  readonly pointer: number;
  readonly x: number;
  readonly y: number;
  /** The slider's value before. */
  readonly value: string;
  /** Whether the browser has moved it since. */
  isMoved: boolean;
}

/** Holds back what touches do to sliders, of the whole page. */
export function startTouchSliders(): void {
  let touch: Touch | null = null;
  addEventListener("pointerdown", (event) => {
    const slider = event.target;
    if (event.pointerType !== "touch" || !isSlider(slider)) return;
    touch = {
      slider,
      pointer: event.pointerId,
      x: event.clientX,
      y: event.clientY,
      value: slider.value,
      isMoved: false,
    };
  }, { capture: true });
  const isOf = (event: PointerEvent) => event.pointerId === touch?.pointer;
  const letMove = () => {
    const { slider, isMoved } = touch!;
    touch = null;
    if (isMoved) slider.dispatchEvent(new Event("input", { bubbles: true }));
  };
  addEventListener("input", (event) => {
    if (event.target !== touch?.slider || !touch) return;
    touch.isMoved = true;
    event.stopImmediatePropagation();
  }, { capture: true });
  addEventListener("pointermove", (event) => {
    if (!isOf(event)) return;
    const [across, along] = [event.clientX - touch!.x, event.clientY - touch!.y]
      .map(Math.abs);
    if (across > along) letMove();
  });
  addEventListener("pointerup", (event) => {
    // The browser may move it after this.
    if (isOf(event)) setTimeout(() => touch && letMove(), 0);
  });
  addEventListener("pointercancel", (event) => {
    if (!isOf(event)) return;
    touch!.slider.value = touch!.value;
    touch = null;
  });
}

function isSlider(target: EventTarget | null): target is HTMLInputElement {
  return target instanceof HTMLInputElement && target.type === "range";
}
