/// <reference lib="dom" />
/**
 * The legend: each entry is a class's mark, and a button that lets it stand alone.
 *
 * @module
 */
import { traceMark } from "./class_marks.ts";
import { byId, make, say } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { onLanguage, texts } from "./language.ts";
import type { Pictures } from "./pictures.ts";
import { classColor, color, onTheme } from "./theme.ts";

/** The side of a mark, in CSS pixels. */
const SIDE = 16;

/** Makes the legend, and again for each model. */
export function startLegend(explorer: Explorer, pictures: Pictures): void {
  let buttons: HTMLButtonElement[] = [];
  const tell = () => {
    for (const button of buttons) {
      button.ariaPressed = String(button.value === String(pictures.only));
    }
  };
  const fill = () => {
    const classes = [...new Set(explorer.model.labels)].sort((a, b) => a - b);
    buttons = classes.map((label) => {
      const name = explorer.nameOf(label);
      const button = make(
        "button",
        { type: "button", value: String(label), title: texts().map.only(name) },
        markOf(label),
        name,
      );
      button.addEventListener("click", () => {
        const isOn = pictures.only === label;
        pictures.setOnly(isOn ? null : label);
        say(isOn ? texts().map.allStand : texts().map.standsAlone(name));
      });
      return button;
    });
    byId("legend").replaceChildren(...buttons);
    tell();
  };
  explorer.onModel(fill);
  onLanguage(fill);
  onTheme(fill);
  pictures.onOnly(tell);
}

function markOf(label: number): HTMLCanvasElement {
  const side = Math.round(SIDE * devicePixelRatio);
  const canvas = make("canvas", { width: side, height: side });
  const context = canvas.getContext("2d")!;
  traceMark(context, label, side / 2, side / 2, 0.36 * side);
  context.fillStyle = classColor(label);
  context.fill();
  context.strokeStyle = color("ink");
  context.lineWidth = devicePixelRatio;
  context.stroke();
  return canvas;
}
