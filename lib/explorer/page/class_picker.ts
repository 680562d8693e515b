/// <reference lib="dom" />
/**
 * The choice of the class that a conditional model draws.
 *
 * @module
 */
import { byId, make } from "./dom.ts";
import type { Explorer } from "./explorer.ts";

/** Offers the classes of a model that is told of any. */
export function startClassPicker(explorer: Explorer): void {
  const select = byId<HTMLSelectElement>("class");
  const show = () => select.value = String(explorer.label);
  select.addEventListener(
    "change",
    () => explorer.setLabel(Number(select.value)),
  );
  explorer.onLabel(show);
  explorer.onModel(() => {
    const { classCount } = explorer.model;
    // The style sheet hides what is of such models alone.
    document.documentElement.toggleAttribute(
      "data-conditional",
      classCount > 0,
    );
    select.replaceChildren(
      ...Array.from({ length: classCount }, (_, label) =>
        make("option", {
          value: String(label),
          textContent: explorer.nameOf(label),
        })),
    );
    show();
  });
}
