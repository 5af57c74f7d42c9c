/** Elements of the page, made by hand: all text goes in as text. */

import { icon } from "./icon.js";

/**
 * @param {string} tag
 * @param {string} className empty: none
 * @param {...(Node | string)} children strings become text
 * @returns {HTMLElement}
 */
export function made(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) {
    element.className = className;
  }
  element.append(...children);
  return element;
}

/**
 * @param {string} className
 * @param {(Node | string)[]} children
 * @param {(event: Event) => void} act when it is pressed
 * @returns {HTMLButtonElement}
 */
export function madeButton(className, children, act) {
  const button = made("button", className, ...children);
  button.type = "button";
  button.addEventListener("click", act);
  return button;
}

/**
 * @param {string} name of an icon
 * @param {string} label what it says to a screen reader
 * @param {() => void} act
 * @returns {HTMLButtonElement}
 */
export function madeIconButton(name, label, act) {
  const button = madeButton("icon-only", [icon(name)], act);
  button.setAttribute("aria-label", label);
  button.title = label;
  return button;
}

/**
 * Sets a text, unless it says so already.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/**
 * Sets a text; an element without text is hidden.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function showText(element, text) {
  setText(element, text);
  element.hidden = text === "";
}
