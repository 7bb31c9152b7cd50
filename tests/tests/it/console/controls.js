// Describes the controls of the page in the order in which Tab has to reach them, as `controls()`, and the focused one, as
// `focused()`.
(() => {
  const name = (element) => element.ariaLabel ?? element.labels?.[0]?.textContent ?? element.textContent;
  const describe = (element) => `${element.localName} ${name(element).trim().replaceAll(/\s+/g, " ").slice(0, 60)}`;
  const isStop = (element) => element.checkVisibility() && (element.type !== "radio" || element.checked);
  window.controls = () => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter(isStop).map(describe);
  window.focused = () => {
    const element = document.activeElement;
    const outlined = element.type === "radio" ? element.nextElementSibling : element;
    const { outlineStyle, outlineWidth } = getComputedStyle(outlined);
    return { name: describe(element), isVisible: outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 };
  };
})();
