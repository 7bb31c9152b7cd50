// Creates elements. All content is inserted as text, never as markup.

type Child = Node | string | null | undefined | false

/** Attributes and properties: a name with `on` is a listener, everything else an attribute. */
export type Properties = Record<string, string | number | boolean | null | undefined | ((event: any) => void)>

/** Creates an element. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === 'function') made.addEventListener(key.slice(2), value)
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value === true ? '' : String(value))
  }
  made.append(...children.filter((child): child is Node | string => child instanceof Node || typeof child === 'string'))
  return made
}

/** Returns an element of the page. */
export function byId<Type extends HTMLElement = HTMLElement>(id: string): Type {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no element ${id}`)
  return found as Type
}

/** Creates a label around a control. */
export function labeled(text: string, control: HTMLElement, kind = 'field'): HTMLLabelElement {
  return element('label', { class: kind }, element('span', {}, text), control)
}

/** Creates a select with these values and texts. */
export function select(options: [string, string][], chosen: string, changed: (value: string) => void): HTMLSelectElement {
  const made = element(
    'select',
    { onchange: () => changed(made.value) },
    ...options.map(([value, text]) => element('option', { value, selected: value === chosen }, text)),
  )
  return made
}

let tabs = 0

/** Creates tabs with one panel each. Only the selected tab is in the tab order, and arrow keys select another one. */
export function tabList(label: string, panels: [string, HTMLElement, () => void][]): { root: HTMLElement; choose: (index: number) => void } {
  const group = (tabs += 1)
  const buttons = panels.map(([text, panel], index) => {
    panel.id = `panel-${group}-${index}`
    panel.setAttribute('role', 'tabpanel')
    panel.setAttribute('aria-labelledby', `tab-${group}-${index}`)
    const properties = { type: 'button', role: 'tab', id: `tab-${group}-${index}`, 'aria-controls': panel.id }
    return element('button', { ...properties, onclick: () => choose(index) }, text)
  })
  function choose(index: number): void {
    buttons.forEach((button, other) => {
      button.setAttribute('aria-selected', String(other === index))
      button.tabIndex = other === index ? 0 : -1
    })
    panels.forEach(([, panel], other) => (panel.hidden = other !== index))
    panels[index]?.[2]()
  }
  const list = element('div', {
    role: 'tablist',
    'aria-label': label,
    onkeydown: (event: KeyboardEvent) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
      if (step === undefined) return
      event.preventDefault()
      const current = buttons.findIndex((button) => button.tabIndex === 0)
      const next = (current + step + buttons.length) % buttons.length
      choose(next)
      buttons[next]?.focus()
    },
  }, ...buttons)
  return { root: element('div', { class: 'tabs' }, list, ...panels.map(([, panel]) => panel)), choose }
}
