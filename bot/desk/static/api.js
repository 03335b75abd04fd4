// The desk's small JSON interface. Every failure becomes an ApiError with a sentence for the agent.

import { t } from "./words.js";

/** `told`: what else the server said, like the step that is legal instead. */
export class ApiError extends Error {
  constructor(code, message, told = {}) {
    super(message);
    this.code = code;
    this.told = told;
  }
}

const csrf = document.querySelector('meta[name="csrf"]').content;

async function call(path, options) {
  let answer;
  let body;
  try {
    answer = await fetch(`/desk/api/${path}`, options);
    body = await answer.json();
  } catch {
    throw new ApiError("network", t("error.network"));
  }
  if (!answer.ok) throw new ApiError(body.error ?? "network", body.message ?? t("error.network"), body);
  return body;
}

export const get = (path, query = {}) => call(`${path}?${new URLSearchParams(query)}`, { cache: "no-store" });

export const post = (path, body) =>
  call(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(body),
  });
