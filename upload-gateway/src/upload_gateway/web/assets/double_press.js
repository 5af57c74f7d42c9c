/** Presses that nobody means: the second half of a double click, and what a held key repeats. */

/** Milliseconds in which nobody sees what a press has brought, and decides to press that. */
const TOO_SOON = 500;

/**
 * Lets a double press of a button do what one does, although the first half may hide the button
 * and show another in its place.
 *
 * @param {HTMLElement} group of buttons, which show and hide each other while a click is handled
 */
export function ignoreDoublePresses(group) {
  const isNew = new Set();
  let before = [];
  const shown = () => [...group.querySelectorAll("button:not([hidden])")];
  const settle = (button) => {
    isNew.delete(button);
    button.style.removeProperty("pointer-events");
  };
  group.addEventListener("keydown", (event) => {
    if (event.repeat && event.key === "Enter") {
      event.preventDefault();
    }
  });
  const look = (event) => {
    if (event.detail > 1 || isNew.has(event.target.closest("button"))) {
      event.stopPropagation();
    }
    before = shown();
  };
  const settleLater = () => {
    for (const button of shown().filter((each) => !before.includes(each))) {
      isNew.add(button);
      // So that it does not look pressed either.
      button.style.setProperty("pointer-events", "none");
      setTimeout(() => settle(button), TOO_SOON);
    }
  };
  // The one before, the other after the listeners of the buttons themselves.
  group.addEventListener("click", look, { capture: true });
  group.addEventListener("click", settleLater);
}
