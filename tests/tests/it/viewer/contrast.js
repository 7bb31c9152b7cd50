// Returns the texts whose contrast with their background is below 4.5 to 1, and the controls without a name:
// https://www.w3.org/TR/WCAG22/#contrast-minimum
(() => {
  const channels = (color) => color.match(/[\d.]+/g).map(Number)
  const luminance = (color) => {
    const [red, green, blue] = channels(color).slice(0, 3).map((value) => {
      const share = value / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const background = (element) => {
    for (let parent = element; parent; parent = parent.parentElement) {
      const color = getComputedStyle(parent).backgroundColor
      if (channels(color)[3] !== 0) return color
    }
    return 'rgb(255, 255, 255)'
  }
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
  const visible = [...document.body.querySelectorAll('*')].filter((element) => element.checkVisibility())
  const faint = visible.filter((element) => hasText(element) || element.matches('input, select')).flatMap((element) => {
    const [one, other] = [luminance(getComputedStyle(element).color), luminance(background(element))]
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    return contrast < 4.5 ? [`${contrast.toFixed(2)}: ${element.tagName} ${element.textContent.slice(0, 40)}`] : []
  })
  const nameless = visible.filter((element) => element.matches('input, select, button, canvas, img')).flatMap((element) => {
    const name = element.getAttribute('aria-label') || element.getAttribute('alt') || element.labels?.[0]?.textContent || element.textContent
    return name?.trim() ? [] : [`no name: ${element.outerHTML.slice(0, 80)}`]
  })
  const wide = document.documentElement.scrollWidth > innerWidth ? [`the page is ${document.documentElement.scrollWidth} wide, the window ${innerWidth}`] : []
  return [...faint, ...nameless, ...wide]
})()
