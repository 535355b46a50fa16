// The token of the link is kept by this tab and sent with what is confirmed, and nowhere else.
"use strict";

const TOKEN = "certhooks-token";

function takeToken() {
  const found = /^#token=([\w-]+)$/.exec(location.hash);
  if (found) {
    sessionStorage.setItem(TOKEN, found[1]);
    history.replaceState(null, "", location.pathname + location.search);
  }
  const token = sessionStorage.getItem(TOKEN);
  for (const field of document.querySelectorAll("[data-token]")) field.value = token ?? "";
  for (const button of document.querySelectorAll("[data-act]")) button.disabled = !token;
  for (const notice of document.querySelectorAll("[data-locked]")) notice.hidden = Boolean(token);
}

// Times in the reader's zone; the exact one stays in the title.
function showTimes(root) {
  for (const time of root.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const day = { year: "numeric", month: "short", day: "numeric" };
    const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
    if ("exact" in time.dataset) clock.fractionalSecondDigits = 3;
    const isToday = at.toDateString() === new Date().toDateString();
    time.textContent = "day" in time.dataset
      ? at.toLocaleDateString(undefined, day)
      : at.toLocaleString(undefined, isToday ? clock : { ...day, ...clock });
  }
  showAges();
}

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

// How long ago the times are that have a word for it.
function showAges() {
  const format = new Intl.RelativeTimeFormat(undefined, { style: "short" });
  for (const age of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, (Date.now() - new Date(age.dataset.since)) / 1000);
    const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? UNITS.at(-1);
    age.textContent = format.format(-Math.floor(seconds / length), unit);
  }
}

function offerCopies() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) {
    const name = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = name; }, 2000);
    });
  }
}

function follow() {
  const view = document.querySelector("[data-live]");
  const choice = document.getElementById("live");
  if (!view) return;
  const stale = document.getElementById("stale");
  let source;
  const links = () => new Set([...view.querySelectorAll("th a")].map((link) => link.href));
  const update = ({ data }) => {
    stale.hidden = true;
    const known = links();
    const focused = document.activeElement?.getAttribute("href");
    view.replaceChildren(...new DOMParser().parseFromString(data, "text/html").body.childNodes);
    showTimes(view);
    for (const link of view.querySelectorAll("th a")) {
      if (known.size && !known.has(link.href)) link.closest("tr").classList.add("is-new");
    }
    if (focused && !document.activeElement?.matches("a")) {
      [...view.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
    }
  };
  const choose = () => {
    source?.close();
    if (!choice.checked) return;
    source = new EventSource(view.dataset.live);
    source.onmessage = update;
    source.onerror = () => {
      stale.hidden = false;
      // An answer that is no stream ends it for good, and a lost connection does not.
      if (source.readyState === EventSource.CLOSED) setTimeout(choose, 5000);
    };
    source.onopen = () => { stale.hidden = true; };
  };
  choice.addEventListener("change", choose);
  // A page that nobody sees asks for nothing.
  addEventListener("pagehide", () => source?.close());
  choose();
}

document.querySelector("[data-back]")?.addEventListener("click", (event) => {
  if (history.length > 1) {
    event.preventDefault();
    history.back();
  }
});
// What was confirmed may take a while, and is asked for once.
document.querySelector('form[action="/do"]')?.addEventListener("submit", ({ target }) => {
  const button = target.querySelector("button");
  button.disabled = true;
  button.textContent = "Working…";
});
takeToken();
showTimes(document);
setInterval(showAges, 5000);
offerCopies();
follow();
