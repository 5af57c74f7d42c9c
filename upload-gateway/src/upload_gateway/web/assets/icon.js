/** Icons of icons.svg. They decorate: text beside them or an aria-label says what they mean. */

const SVG = "http://www.w3.org/2000/svg";
const SHEET = new URL("./icons.svg", import.meta.url).href;

/**
 * @param {string} name the id of a symbol in icons.svg
 * @returns {SVGSVGElement} hidden from assistive technology
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${SHEET}#${name}`);
  svg.append(use);
  return svg;
}

/**
 * Shows another symbol in an icon made by `icon`.
 * @param {SVGSVGElement} svg
 * @param {string} name
 */
export function setIcon(svg, name) {
  const href = `${SHEET}#${name}`;
  const use = svg.firstElementChild;
  if (use.getAttribute("href") !== href) {
    use.setAttribute("href", href);
  }
}
