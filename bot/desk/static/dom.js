// Builds elements. Text is always set as text, never as markup: a customer's words stay words.

export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

export function show(element, visible) {
  element.hidden = !visible;
}

/** Makes `parent` hold one element per item, keeping the elements whose item did not change. */
export function keep(parent, items, keyOf, make) {
  const before = new Map([...parent.children].map((child) => [child.dataset.id, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const id = keyOf(item);
    const print = JSON.stringify(item);
    let element = before.get(id);
    before.delete(id);
    if (!element || element.dataset.print !== print) {
      const fresh = make(item);
      fresh.dataset.id = id;
      fresh.dataset.print = print;
      if (element) {
        const focused = element.contains(document.activeElement);
        if (place === element) place = fresh;
        element.replaceWith(fresh);
        if (focused) fresh.querySelector("a, button, summary")?.focus({ preventScroll: true });
      }
      element = fresh;
    }
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const gone of before.values()) gone.remove();
}

/** Storage that a browser may refuse: then nothing is kept, and nothing breaks. */
export const stored = {
  get(key) {
    try {
      return localStorage.getItem(key) ?? "";
    } catch {
      return "";
    }
  },
  set(key, value) {
    try {
      if (value) localStorage.setItem(key, value);
      else localStorage.removeItem(key);
    } catch {
      // Nothing is kept.
    }
  },
  forget(prefix) {
    try {
      for (const key of Object.keys(localStorage)) if (key.startsWith(prefix)) localStorage.removeItem(key);
    } catch {
      // Nothing was kept.
    }
  },
};
