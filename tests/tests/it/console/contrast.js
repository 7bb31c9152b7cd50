// Returns the texts and controls of the page whose contrast is below what WCAG 2.2 requires (1.4.3 and 1.4.11).
(() => {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => {
    const linear = [red, green, blue].map((it) => (it / 255 <= 0.04045 ? it / 255 / 12.92 : ((it / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ratio = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const isOpaque = (color) => color.startsWith("rgb(");
  const backgroundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (isOpaque(color)) return channels(color);
    }
    return [255, 255, 255];
  };
  const problems = [];
  let checked = 0;
  const check = (element, what, color, background, required) => {
    checked += 1;
    const found = ratio(channels(color), background);
    if (found < required) problems.push(`${what} of <${element.localName} class="${element.getAttribute("class") ?? ""}"> ${element.textContent.trim().slice(0, 30)}: ${found.toFixed(2)}`);
  };
  for (const element of document.querySelectorAll("body *")) {
    if (!element.checkVisibility() || element.closest(".skip")) continue;
    const style = getComputedStyle(element);
    if ([...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())) {
      const isLarge = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
      const color = element instanceof SVGElement ? style.fill : style.color;
      check(element, "text", color, backgroundOf(element), isLarge ? 3 : 4.5);
    }
    if (element.matches("button, select, input[type=text], textarea") && parseFloat(style.borderTopWidth) > 0 && !element.closest("#examples")) {
      check(element, "border", style.borderTopColor, backgroundOf(element.parentElement), 3);
    }
  }
  return { problems, checked };
})();
