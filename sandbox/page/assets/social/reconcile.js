// Keeps a list on the screen in step with what it should show.

const shown = new WeakMap();

/**
 * Make `container` show `wanted`, a list of [key, version, build]. Only what is new or has another version is built,
 * so that a screen reader hears only news and the focus stays where it is.
 */
export function reconcile(container, wanted) {
  const before = shown.get(container) ?? new Map();
  const now = new Map();
  for (const [key, version, build] of wanted) {
    const known = before.get(key);
    before.delete(key);
    now.set(key, known?.version === version ? known : { version, node: replaced(known?.node, build()) });
  }
  for (const { node } of before.values()) node.remove();
  let place = container.firstChild;
  for (const { node } of now.values()) {
    if (node === place) place = place.nextSibling;
    else container.insertBefore(node, place);
  }
  shown.set(container, now);
}

function replaced(old, node) {
  if (!old) return node;
  const act = old.contains(document.activeElement) ? document.activeElement.dataset.act : null;
  old.replaceWith(node);
  if (act) node.querySelector(`[data-act="${act}"]`)?.focus();
  return node;
}
