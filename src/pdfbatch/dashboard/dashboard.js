// Puts what the server sends into the sections of the page, and leaves alone what the reader has opened, focused or scrolled.
"use strict";
const main = document.getElementById("main");
const connection = document.getElementById("connection");
const announcement = document.getElementById("announcement");
const ANNOUNCE_EVERY_MS = 30000;
let announcedAt = 0, lastState = null;

function replace(section, html) {
  const open = new Map([...section.querySelectorAll("details[id]")].map((each) => [each.id, each.open]));
  const scrolled = [...section.querySelectorAll("[tabindex][id]")].map((each) => [each.id, each.scrollLeft]);
  const focused = section.contains(document.activeElement) ? document.activeElement : null;
  const mark = focused && (focused.id || focused.getAttribute("href"));
  section.innerHTML = html;
  for (const each of section.querySelectorAll("details[id]")) {
    if (open.has(each.id)) each.open = open.get(each.id);
  }
  for (const [id, left] of scrolled) {
    const each = document.getElementById(id);
    if (each) each.scrollLeft = left;
  }
  if (mark) {
    const again = [...section.querySelectorAll("a, summary, [tabindex]")]
      .find((each) => each.id === mark || each.getAttribute("href") === mark);
    if (again) again.focus({ preventScroll: true });
  }
}

function announce(text, state) {
  // A screen reader hears a change of state at once, and all else now and then.
  const now = Date.now();
  if (state === lastState && now - announcedAt < ANNOUNCE_EVERY_MS) return;
  if (lastState !== null && text) announcement.textContent = text;
  lastState = state;
  announcedAt = now;
}

const source = new EventSource(main.dataset.stream);
source.addEventListener("change", (event) => {
  const change = JSON.parse(event.data);
  for (const [name, html] of Object.entries(change.sections)) {
    const section = document.getElementById(name);
    if (section && section.innerHTML !== html) replace(section, html);
  }
  document.title = change.title + " - pdfbatch";
  connection.textContent = "";
  announce(change.announcement, change.state);
});
source.addEventListener("error", () => {
  connection.textContent = "The connection to the dashboard is lost. Trying again.";
});
