// Plain text with clickable https links, built from text nodes only: nothing that anybody wrote becomes markup.

const LINK = /https:\/\/[^\s<>"'“”‘’]+/gi;
const TRAILING = /[.,;:!?…)\]}]+$/;

export function richText(text, newTabNote) {
  const fragment = document.createDocumentFragment();
  let done = 0;
  for (const match of text.matchAll(LINK)) {
    let address = match[0];
    const tail = address.match(TRAILING)?.[0] ?? "";
    // A closing bracket belongs to the address when it opened in it.
    const keeps = tail.startsWith(")") && address.includes("(") ? 1 : 0;
    address = address.slice(0, address.length - tail.length + keeps);
    const url = safeUrl(address);
    if (!url) continue;
    fragment.append(text.slice(done, match.index), link(url, address, newTabNote));
    done = match.index + address.length;
  }
  fragment.append(text.slice(done));
  return fragment;
}

// The address when it is a well-formed https one, else "".
export function safeUrl(address) {
  try {
    const url = new URL(address);
    return url.protocol === "https:" && url.hostname ? url.href : "";
  } catch {
    return "";
  }
}

export function link(url, label, newTabNote) {
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  anchor.textContent = label;
  anchor.title = newTabNote;
  return anchor;
}
