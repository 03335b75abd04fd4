// Calls to the public platforms' stand-ins.

import { call, follow } from "../api.js";

const at = (platform, rest) => `social/${platform}/${rest}`;
const post = (rest) => (platform, body = {}) => call("POST", at(platform, rest), body);

export const platforms = () => call("GET", "social");
export const feed = (platform, after) => call("GET", at(platform, `feed?after=${after}&limit=500`));
export const dials = (platform) => call("GET", at(platform, "dials"));
export const state = (platform) => call("GET", at(platform, "state"));

export const turn = post("dials");
export const join = post("join");
export const write = post("write");
export const edit = post("edit");
export const remove = post("delete");
export const react = post("react");
export const tap = post("tap");
export const brand = post("brand");
export const control = post("control");
export const revoke = post("revoke");
export const unsubscribe = post("unsubscribe");
export const many = post("many");

export const listen = (handlers, connected) => follow("social/stream", handlers, connected);
