// One line puts the chat on any page: <script src="https://HOST/webchat/embed.js" async></script>
// Optional: data-language="id", data-label="Chat with us". The site must be listed in allowed_origins.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || window.sigapWebchat) return;
  window.sigapWebchat = true;
  const base = new URL(script.src).origin;
  const language = script.dataset.language || document.documentElement.lang.slice(0, 2).toLowerCase();
  const indonesian = language === "id";
  const label = script.dataset.label || (indonesian ? "Buka chat" : "Open chat");
  const closeLabel = indonesian ? "Tutup chat" : "Close chat";
  const unreadLabel = indonesian ? "baru" : "new";

  const STYLE = `
    :host { all: initial; position: fixed; inset-inline-end: 0; bottom: 0; z-index: 2147483000; }
    * { box-sizing: border-box; }
    button { position: fixed; inset-inline-end: max(1.25rem, env(safe-area-inset-right)); display: grid;
      place-items: center; bottom: max(1.25rem, env(safe-area-inset-bottom)); width: 3.75rem; height: 3.75rem;
      padding: 0; border: 0; border-radius: 50%; background: #4b3b86; color: #fff; cursor: pointer;
      box-shadow: 0 6px 24px rgb(40 25 60 / 30%); transition: transform .15s ease; }
    button:hover { transform: translateY(-2px); }
    button:focus-visible { outline: 3px solid #4b3b86; outline-offset: 3px; }
    svg { width: 1.75rem; height: 1.75rem; fill: none; stroke: currentcolor; stroke-width: 1.8;
      stroke-linecap: round; stroke-linejoin: round; }
    span { position: absolute; top: -.25rem; inset-inline-end: -.25rem; min-width: 1.375rem; padding: 0 .375rem;
      border-radius: .6875rem; background: #c2410c; font: 600 .8125rem/1.375rem system-ui, sans-serif; }
    span:empty { display: none; }
    iframe { position: fixed; inset-inline-end: max(1.25rem, env(safe-area-inset-right));
      bottom: max(6rem, calc(env(safe-area-inset-bottom) + 5rem)); width: 24rem; height: min(40rem, calc(100dvh - 8rem));
      border: 0; border-radius: 1.25rem; background: #fbf8f4; box-shadow: 0 12px 48px rgb(40 25 60 / 28%); }
    [hidden] { display: none; }
    @media (max-width: 30rem), (max-height: 30rem) {
      iframe { inset: 0; width: 100vw; height: 100vh; height: 100dvh; border-radius: 0; }
      .open button { display: none; }
    }
    @media (prefers-color-scheme: dark) { iframe { background: #17151d; } button { background: #7a68d8; } }
    @media (prefers-reduced-motion: reduce) { button { transition: none; } }`;
  const ICON = "M5 18.5V7a2.5 2.5 0 0 1 2.5-2.5h9A2.5 2.5 0 0 1 19 7v6.5a2.5 2.5 0 0 1-2.5 2.5H8.5L5 19z";

  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  // A constructed sheet, because a strict policy on the host page forbids style elements.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];

  const frameHost = document.createElement("div");
  const button = document.createElement("button");
  button.type = "button";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICON);
  svg.append(path);
  const badge = document.createElement("span");
  button.append(svg, badge);
  frameHost.append(button);
  root.append(frameHost);

  let frame = null;
  let isOpen = false;
  let unread = 0;

  function show(open) {
    isOpen = open;
    if (open && !frame) {
      frame = document.createElement("iframe");
      frame.title = label;
      frame.src = `${base}/chat?embedded=1${/^(en|id)$/.test(language) ? `&lang=${language}` : ""}`;
      frame.addEventListener("load", () => tellOpened());
      frameHost.append(frame);
    }
    if (frame) frame.hidden = !open;
    frameHost.classList.toggle("open", open);
    if (open) {
      unread = 0;
      tellOpened();
    }
    describe();
  }

  function tellOpened() {
    if (isOpen) frame.contentWindow.postMessage({ sigap: "opened" }, base);
  }

  function describe() {
    badge.textContent = unread ? String(Math.min(unread, 99)) : "";
    button.setAttribute("aria-expanded", String(isOpen));
    button.setAttribute("aria-label", isOpen ? closeLabel : unread ? `${label}, ${unread} ${unreadLabel}` : label);
  }

  button.addEventListener("click", () => show(!isOpen));
  addEventListener("message", (event) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== base) return;
    if (event.data?.sigap === "close") {
      show(false);
      button.focus();
    } else if (event.data?.sigap === "line" && !isOpen) {
      unread += 1;
      describe();
    }
  });

  describe();
  const place = () => document.body.append(host);
  if (document.body) place();
  else addEventListener("DOMContentLoaded", place);
})();
