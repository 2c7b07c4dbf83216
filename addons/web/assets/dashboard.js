// Keeps the page as it is now: the proxy sends the parts that have changed, and they replace what is there in place, so
// that focus, scroll and what the mouse points at stay. Without this file the page is as it was when it was loaded.
"use strict";

const state = document.getElementById("state");
const title = document.title;
const PROBE_MS = 2000;
const SILENT_MS = 40000; // an answer comes within 20 s, if with nothing new

let known = state.dataset.version;
let source = null;
let watchdog = 0;
let isAnswered = false;
let offlineSince = null;

const address = () => `${state.dataset.live}&known=${encodeURIComponent(known)}`;

function show(word, text) {
  if (state.className !== word) state.className = word;
  if (state.textContent !== text) state.textContent = text;
}

function countInTitle() {
  const found = document.querySelector("[data-in-flight]");
  const number = found ? Number(found.dataset.inFlight) : 0;
  document.title = number ? `(${number}) ${title}` : title;
}

// Makes the children of `old` what those of `fresh` are, and keeps every element that can be kept.
function morph(old, fresh) {
  const named = new Map();
  for (const child of old.children) if (child.dataset.key) named.set(child.dataset.key, child);
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = wanted.dataset?.key;
    const kept = key ? named.get(key) : alike(place, wanted);
    if (!kept) {
      old.insertBefore(wanted, place);
      continue;
    }
    if (kept === place) place = place.nextSibling;
    else old.insertBefore(kept, place);
    adapt(kept, wanted);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

// The next of these siblings that can become what is wanted.
function alike(place, wanted) {
  while (place && (place.nodeName !== wanted.nodeName || place.dataset?.key)) place = place.nextSibling;
  return place;
}

function adapt(kept, wanted) {
  if (kept.nodeType !== Node.ELEMENT_NODE) {
    if (kept.nodeValue !== wanted.nodeValue) kept.nodeValue = wanted.nodeValue;
    return;
  }
  for (const { name } of [...kept.attributes]) if (!wanted.hasAttribute(name)) kept.removeAttribute(name);
  for (const { name, value } of [...wanted.attributes]) {
    if (kept.getAttribute(name) !== value) kept.setAttribute(name, value);
  }
  morph(kept, wanted);
}

function take(event) {
  known = event.lastEventId;
  for (const [id, html] of Object.entries(JSON.parse(event.data))) {
    const part = document.getElementById(id);
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    if (part) morph(part, fresh.content);
  }
  countInTitle();
}

function wake() {
  clearTimeout(watchdog);
  watchdog = setTimeout(goOffline, SILENT_MS);
}

function connect() {
  isAnswered = false;
  source = new EventSource(address());
  source.onopen = () => { isAnswered = true; wake(); };
  source.onmessage = take;
  source.onerror = () => {
    // Each answer ends after one event, and the browser asks again by itself: only one that never came is trouble.
    if (isAnswered && source.readyState !== EventSource.CLOSED) { isAnswered = false; wake(); } else goOffline();
  };
  show("live", "live");
  wake();
}

function disconnect() {
  clearTimeout(watchdog);
  if (source) source.close();
  source = null;
}

async function goOffline() {
  disconnect();
  offlineSince ??= new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  show("offline", `offline since ${offlineSince}`);
  while (!document.hidden && !source) {
    const status = await probe();
    if (document.hidden || source) return;
    if (status === 401) return location.reload(); // it asks for the password
    if (status === 200) {
      offlineSince = null;
      return connect();
    }
    await new Promise((done) => setTimeout(done, PROBE_MS));
  }
}

async function probe() {
  try {
    return (await fetch(address(), { method: "HEAD", cache: "no-store", redirect: "error" })).status;
  } catch {
    return 0;
  }
}

if (state.dataset.live) {
  countInTitle();
  connect();
  // Nobody looks at a page in the background: it costs nothing there.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) disconnect();
    else if (offlineSince) goOffline();
    else if (!source) connect();
  });
  window.addEventListener("pagehide", disconnect);
}
