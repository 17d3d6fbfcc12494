"use strict";
// The page: Texts, Terms, Try. All that files hold gets here as text nodes, never as markup, and all
// places in a text are numbers of its tokens, which the server turns into characters.

const $ = (id) => document.getElementById(id);
const VIEWS = ["texts", "terms", "try"];
const AHEAD = 4; // when fewer texts wait, more are fetched
const RETRY_MS = 2000;
const LAST_LINES = 3; // of a run that failed
const PAUSE_MS = 120_000; // a text that took longer lay beside a coffee

// "writes" is null until the server has said whether this tab may
const state = { labels: [], writes: null, view: "texts", active: "" };

// ---- The server

class Refused extends Error {
  constructor(status, body) {
    super([body.error || `Error ${status}`, body.remedy].filter(Boolean).join(" "));
    this.status = status;
  }
}

async function reply(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}

async function get(name, query = {}) {
  return reply(await fetch(`api/${name}?${new URLSearchParams(query)}`));
}

function ask(name, body = {}, options = {}) {
  const headers = { "Content-Type": "application/json" };
  const content = JSON.stringify({ ...body, tab });
  return fetch(`api/${name}`, { method: "POST", headers, body: content, ...options });
}

async function post(name, body) {
  return reply(await ask(name, body));
}

// ---- One tab writes

const tab = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16)).join("");

let holding = null; // ends the request that is open as long as this tab may write

async function claim(force = false) {
  if (holding) holding.abort();
  const ours = (holding = new AbortController());
  const lasts = () => holding === ours;
  // On a reload this tab's former self may be leaving just now, on a busy machine for a second
  for (let tries = 10; lasts(); await pause(200)) {
    try {
      const held = await ask("tab", { force }, { signal: ours.signal });
      await (held.ok ? writeUntil(held) : reply(held));
      // It is over: another tab took the turn, or the program has ended
      force = false;
      tries = 1;
    } catch (error) {
      if (!lasts()) return;
      if (isLost(error)) await pause(RETRY_MS);
      else if (error.status !== 409) return trouble(error);
      else if (!--tries) return stopWriting();
    }
  }
}

async function writeUntil(held) {
  const isBack = state.writes === false;
  state.writes = true;
  $("elsewhere").hidden = true;
  if (isBack) lookAgain();
  pump();
  await held.text();
}

function stopWriting() {
  state.writes = false;
  $("elsewhere").hidden = false;
  showSaved();
}

function mayWrite() {
  if (state.writes === false) $("write-here").focus();
  return state.writes !== false;
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// ---- Answers on their way to the disk

const outbox = { waiting: stored("outbox") || [], sending: false, saved: false, timer: 0 };

function stored(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}

function keep(name, value) {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Storage is full: the answer is still in this page
  }
}

function send(answer) {
  outbox.waiting.push(answer);
  pump();
}

async function pump() {
  keep("outbox", outbox.waiting);
  showSaved();
  if (outbox.sending || !outbox.waiting.length || !state.writes) return;
  outbox.sending = true;
  clearTimeout(outbox.timer);
  try {
    while (outbox.waiting.length) {
      const first = outbox.waiting[0];
      const isSkip = first.answer === "skip";
      const result = await post(isSkip ? "skip" : "answer", first);
      outbox.waiting.shift();
      outbox.saved = outbox.saved || !isSkip;
      keep("outbox", outbox.waiting);
      $("problem").hidden = true;
      if (!isSkip) showProgress(result);
    }
    if (!texts.current && texts.place === null) fill(); // what was skipped may come again
  } catch (error) {
    trouble(error, true);
  } finally {
    outbox.sending = false;
    showSaved();
  }
}

function unsaved() {
  return outbox.waiting.filter((answer) => answer.answer !== "skip").length;
}

function showSaved() {
  const count = unsaved();
  const held = count && (!$("problem").hidden || state.writes === false);
  const idle = outbox.saved ? "Saved" : "";
  $("saved").textContent = held ? `${count} not saved` : count ? "Saving…" : idle;
}

function isLost(error) {
  return !(error instanceof Refused) || error.status === 503;
}

function trouble(error, saving = false) {
  const lost = isLost(error);
  const other = error.status === 409 && error.message.startsWith("Another tab");
  if (other) return stopWriting();
  const kept = saving ? " Your answer is kept on this page until it is saved." : "";
  const words = lost ? "The program does not answer. If it has ended, start it again and open its new address." : error.message;
  $("problem-text").textContent = words + kept;
  $("problem-drop").hidden = !saving || lost;
  $("problem").hidden = false;
  showLoading();
  if (lost && saving) outbox.timer = setTimeout(pump, RETRY_MS);
  showSaved();
}

// ---- Text as it is: control characters by their code, nothing as markup

let hidden = /[^\s\S]/g;

function write(element, text) {
  // A word of nothing but characters without a shape could not be seen or clicked
  const invisible = /^[\p{Cf}\p{Mn}\p{Me}]+$/u.test(text);
  let end = 0;
  for (const match of text.matchAll(invisible ? /[^]/gu : hidden)) {
    element.append(text.slice(end, match.index));
    const code = match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    element.append(make("span", "control", `U+${code}`));
    end = match.index + match[0].length;
  }
  element.append(text.slice(end));
  return element;
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function button(className, text, act) {
  const element = make("button", className);
  element.type = "button";
  write(element, text);
  element.addEventListener("click", act);
  return element;
}

function colour(label) {
  return `c${state.labels.indexOf(label) % 8}`;
}

// ---- Texts: which one

const texts = { waiting: [], current: null, place: null, fetching: false, again: false, ended: false, skipped: null, by: null };
const answered = { count: 0, times: [] };
let task = null; // words, spans, cursor and so on of the current text

// The keys of texts that are on this page, or whose answers are on their way
function heldKeys() {
  const here = [...texts.waiting, ...outbox.waiting, ...(texts.current ? [texts.current] : [])];
  return here.map((text) => text.key);
}

async function fill() {
  texts.again = texts.fetching; // what is asked for now may miss what was answered since
  if (texts.fetching) return;
  texts.fetching = true;
  try {
    const asked = heldKeys();
    const result = await get("texts", { held: asked.join(",") });
    const held = heldKeys();
    texts.waiting.push(...result.texts.filter((text) => !held.includes(text.key)));
    // As long as the page holds some, the skipped ones are not given again
    texts.ended = !result.texts.length && !asked.length;
    showProgress(result);
  } catch (error) {
    trouble(error);
    if (!(error instanceof Refused)) setTimeout(fill, RETRY_MS);
  } finally {
    texts.fetching = false;
  }
  if (!texts.current && texts.place === null) {
    if (texts.waiting.length) return next();
    open(null);
  }
  if (texts.again) fill();
}

// What waits here may have been answered in the tab that wrote meanwhile
function lookAgain() {
  texts.waiting = [];
  if (texts.place === null && !(task && task.past.length)) {
    texts.current = null;
    open(null);
  }
  fill();
}

function next() {
  texts.place = null;
  texts.current = texts.current || texts.waiting.shift() || null;
  open(texts.current);
  if (texts.waiting.length < AHEAD) fill();
}

function open(text) {
  const draft = stored("draft");
  task = text && {
    ...text,
    spans: text.spans.map((span) => [...span]),
    flagged: Boolean(text.flagged),
    cursor: -1,
    anchor: -1,
    past: [],
    future: [],
    since: performance.now(),
  };
  if (task && draft && draft.key === task.key && draft.tag === task.tag) {
    task.spans = draft.spans;
    task.flagged = draft.flagged;
  }
  if (task && texts.place === null) {
    task.isNewBy = texts.by !== null && texts.by !== task.by;
    texts.by = task.by;
  }
  $("done").hidden = Boolean(task) || !texts.ended;
  drawText();
  showLoading();
  window.scrollTo(0, 0);
}

function showLoading() {
  $("loading").hidden = state.view !== "texts" || Boolean(task) || texts.ended || !$("problem").hidden;
}

function halfDone() {
  return texts.current && { ...texts.current, spans: task.spans, flagged: task.flagged };
}

function answer(what) {
  if (!task || !mayWrite()) return;
  answered.times.push(performance.now() - task.since);
  answered.count++;
  send({ key: task.key, tag: task.tag, spans: task.spans, answer: what, flagged: task.flagged });
  sessionStorage.removeItem("draft");
  if (texts.place === null) {
    texts.current = null;
    texts.skipped = null;
    next();
  } else {
    const after = texts.place + 1;
    if (after < task.of) goTo(after);
    else next();
  }
}

function skip() {
  if (!task || !mayWrite()) return;
  if (texts.place === null) {
    texts.skipped = halfDone();
    texts.current = null;
    send({ key: task.key, answer: "skip" });
  }
  next();
}

async function back() {
  if (texts.place === null && texts.skipped) {
    if (texts.current) texts.waiting.unshift(halfDone());
    texts.current = texts.skipped;
    texts.skipped = null;
    next();
    return;
  }
  if (texts.place !== 0) await goTo(texts.place === null ? null : texts.place - 1);
}

async function goTo(place) {
  try {
    while (outbox.sending) await pause(5);
    const text = await get("answer", place === null ? {} : { place });
    if (texts.place === null) texts.current = halfDone();
    texts.place = text.place;
    open(text);
  } catch (error) {
    if (place === null && error instanceof Refused) say("There is no answer before this one.");
    else trouble(error);
  }
}

// ---- Texts: how it looks

let words = []; // the elements of the tokens
let gaps = []; // and of the spaces behind them
const drawn = new Map(); // the marks on the page by what they are

function drawText() {
  const box = $("text");
  const fragment = document.createDocumentFragment();
  words = [];
  gaps = [];
  drawn.clear();
  if (task) {
    const behind = new Set(task.behind);
    const space = new Set(task.space);
    task.isSpace = (i) => space.has(i);
    task.words.forEach((text, i) => {
      const word = write(make("span", "word"), text);
      if (space.has(i)) word.className = /[\n\r]/.test(text) ? "word space line" : "word space";
      word.dataset.at = 2 * i;
      words.push(word);
      fragment.append(word);
      if (behind.has(i)) {
        const gap = make("span", "gap", " ");
        gap.dataset.at = 2 * i + 1;
        gaps[i] = gap;
        fragment.append(gap);
      }
    });
    task.spans.forEach(([, , label]) => know(label));
  }
  // Not "auto" for the box itself: every mark would make the browser look through the whole text
  box.dir = directionOf(task ? task.words : []);
  box.replaceChildren(fragment);
  for (const id of ["accept", "skip", "reject", "flag"]) $(id).disabled = !task;
  $("notes").replaceChildren(...((task && task.problems) || []).map((note) => write(make("li"), note)));
  $("notes").hidden = !$("notes").childElementCount;
  showWhat();
  sync();
}

function directionOf(parts) {
  const probe = make("div", "unseen", parts.slice(0, 200).join(" "));
  probe.dir = "auto";
  document.body.append(probe);
  const { direction } = getComputedStyle(probe);
  probe.remove();
  return direction;
}

function showWhat() {
  const uses = { gold: "To measure with", train: "To learn from" };
  const none = state.premarks ? "not marked beforehand: that takes convert" : "not marked beforehand";
  const by = task && task.by ? `${task.isNewBy ? "from now on " : ""}marked beforehand by the ${task.by}` : none;
  const said = { accept: "accepted", reject: "rejected" };
  $("what").textContent = !task
    ? ""
    : texts.place === null
      ? `${uses[state.use]}, ${by}`
      : `Answer ${task.place + 1} of ${task.of}, ${said[task.answer] || task.answer}`;
  const [leave, key] = texts.place === null ? ["Skip", "space"] : ["New", "esc"];
  $("skip").replaceChildren(leave, make("kbd", "", key));
  $("flag").setAttribute("aria-pressed", String(Boolean(task && task.flagged)));
}

function sync() {
  const wanted = new Map((task ? task.spans : []).map((span) => [JSON.stringify(span), span]));
  for (const [key, mark] of drawn) {
    if (!wanted.has(key)) {
      mark.lastChild.remove();
      mark.replaceWith(...mark.childNodes);
      drawn.delete(key);
    }
  }
  for (const [key, span] of wanted) if (!drawn.has(key)) drawn.set(key, drawMark(span));
  $("undo").disabled = !(task && task.past.length);
  $("redo").disabled = !(task && task.future.length);
  showCursor();
}

function drawMark([start, end, label]) {
  const mark = make("mark", colour(label));
  words[start].before(mark);
  for (let i = start; i < end; i++) {
    mark.append(words[i]);
    if (i < end - 1 && gaps[i]) mark.append(gaps[i]);
  }
  // No button element: the browser would break lines before it, and part it from its word
  const name = write(make("span", "label"), label);
  name.setAttribute("role", "button");
  name.tabIndex = -1;
  name.addEventListener("click", () => choose(start));
  name.setAttribute("aria-label", `${label}, change`);
  mark.append(name);
  return mark;
}

let shown = [];

function showCursor() {
  for (const element of shown) element.classList.remove("selected", "cursor");
  shown = [];
  if (!task || task.cursor < 0) return;
  const [start, end] = selection();
  if (task.anchor >= 0) {
    for (let i = start; i < end; i++) {
      shown.push(words[i]);
      if (i < end - 1 && gaps[i]) shown.push(gaps[i]);
    }
    for (const element of shown) element.classList.add("selected");
  }
  shown.push(words[task.cursor]);
  words[task.cursor].classList.add("cursor");
}

function showLabels() {
  const chips = state.labels.map((label, i) => {
    const chip = button(`chip ${colour(label)}`, label, () => activate(label));
    if (i < 10) chip.append(make("kbd", "", String((i + 1) % 10)));
    chip.setAttribute("aria-pressed", String(label === state.active));
    return chip;
  });
  const add = button("", state.labels.length ? "+" : "Add a label", () => choose(-1));
  add.setAttribute("aria-label", "Add a label");
  $("labels").replaceChildren(...chips, add);
}

function know(label) {
  if (!state.labels.includes(label)) {
    state.labels.push(label);
    state.active = state.active || label;
    showLabels();
  }
}

function activate(label) {
  know(label);
  state.active = label;
  showLabels();
}

function say(text) {
  $("spoken").textContent = text;
}

// ---- Texts: marks

function edit(spans, spoken) {
  if (!mayWrite()) return;
  task.past.push(task.spans);
  task.future = [];
  restore(spans);
  say(spoken);
}

function restore(spans) {
  task.spans = spans;
  keep("draft", { key: task.key, tag: task.tag, spans: task.spans, flagged: task.flagged });
  sync();
}

function undo() {
  if (!task || !task.past.length) return;
  task.future.push(task.spans);
  restore(task.past.pop());
  say("Undone");
}

function redo() {
  if (!task || !task.future.length) return;
  task.past.push(task.spans);
  restore(task.future.pop());
  say("Done again");
}

function covering(place) {
  return task.spans.find(([start, end]) => start <= place && place < end);
}

function trim(start, end) {
  while (start < end && task.isSpace(start)) start++;
  while (start < end && task.isSpace(end - 1)) end--;
  return [start, end];
}

function form(start, end) {
  return task.words.slice(start, end).join(" ").toLowerCase();
}

function mark(first, last, label) {
  const [start, end] = trim(first, last);
  if (!task || start >= end) return;
  if (!label) {
    [task.anchor, task.cursor] = [start, end - 1];
    return choose(start);
  }
  const others = task.spans.filter((span) => span[1] <= start || end <= span[0]);
  const spans = [...others, [start, end, label]].sort((a, b) => a[0] - b[0]);
  task.cursor = start;
  task.anchor = -1;
  edit(spans, `${task.words.slice(start, end).join(" ")} marked as ${label}`);
}

function unmark(place) {
  const span = covering(place);
  if (span) edit(task.spans.filter((other) => other !== span), "Mark removed");
}

function relabel(place, label) {
  const span = covering(place);
  const changed = (other) => (other === span ? [span[0], span[1], label] : other);
  if (span && span[2] !== label) edit(task.spans.map(changed), `Changed to ${label}`);
}

function applyLabel(label) {
  activate(label);
  if (!task || task.cursor < 0) return;
  if (task.anchor < 0 && covering(task.cursor)) relabel(task.cursor, label);
  else mark(...selection(), label);
}

function markEqual() {
  if (!task || task.cursor < 0) return;
  const span = task.anchor < 0 && covering(task.cursor);
  const [start, end] = span || trim(...selection());
  const label = span ? span[2] : state.active;
  if (!label || start >= end) return;
  const size = end - start;
  const wanted = form(start, end);
  let spans = span ? task.spans : task.spans.filter((other) => other[1] <= start || end <= other[0]);
  const isFree = (i) => spans.every((other) => other[1] <= i || i + size <= other[0]);
  let count = 0;
  for (let i = 0; i + size <= task.words.length; i++) {
    if (form(i, i + size) === wanted && isFree(i)) {
      spans = [...spans, [i, i + size, label]];
      count++;
    }
  }
  task.anchor = -1;
  if (count) edit(spans.sort((a, b) => a[0] - b[0]), `${count} marked as ${label}`);
}

function flag() {
  if (!task || !mayWrite()) return;
  task.flagged = !task.flagged;
  keep("draft", { key: task.key, tag: task.tag, spans: task.spans, flagged: task.flagged });
  showWhat();
}

// ---- Texts: the cursor

function selection() {
  const ends = [task.cursor, task.anchor < 0 ? task.cursor : task.anchor];
  return [Math.min(...ends), Math.max(...ends) + 1];
}

function moveTo(place, extend) {
  if (place < 0 || place >= words.length) return;
  if (!extend) task.anchor = -1;
  else if (task.anchor < 0) task.anchor = Math.max(task.cursor, 0);
  task.cursor = place;
  showCursor();
  words[place].scrollIntoView({ block: "nearest" });
  const span = covering(place);
  const [start, end] = selection();
  say(task.words.slice(start, Math.min(end, start + 50)).join(" ") + (span ? `, ${span[2]}` : ""));
}

function step(by, extend) {
  if (!task) return;
  let place = task.cursor < 0 && by < 0 ? words.length : task.cursor;
  do place += by;
  while (place >= 0 && place < words.length && task.isSpace(place));
  moveTo(place, extend);
}

function line(by, extend) {
  if (!task) return;
  if (task.cursor < 0) return step(by, extend);
  const box = (i) => words[i].getClientRects()[0] || words[i].getBoundingClientRect();
  const from = box(task.cursor);
  const middle = (from.left + from.right) / 2;
  let best = -1;
  let bestAway = Infinity;
  let top = null;
  for (let i = task.cursor + by; i >= 0 && i < words.length; i += by) {
    const to = box(i);
    if (task.isSpace(i) || Math.abs(to.top - from.top) < from.height / 2) continue;
    top = top === null ? to.top : top;
    if (Math.abs(to.top - top) > from.height / 2) break;
    const away = Math.abs((to.left + to.right) / 2 - middle);
    if (away < bestAway) [best, bestAway] = [i, away];
  }
  moveTo(best, extend);
}

function nextMark(by) {
  if (!task || !task.spans.length) return;
  const starts = task.spans.map((span) => span[0]);
  const on = covering(task.cursor);
  const from = on ? on[0] : task.cursor;
  const ahead = by > 0 ? starts.find((start) => start > from) : starts.findLast((start) => start < from);
  moveTo(ahead === undefined ? starts.at(by > 0 ? 0 : -1) : ahead, false);
}

// ---- Texts: mouse and touch. Places are twice the number of a word, one more for the space behind it.

let drag = null;

function placeAt(event) {
  const under = document.elementFromPoint(event.clientX, event.clientY);
  const part = under && under.closest("#text [data-at]");
  return part ? Number(part.dataset.at) : null;
}

function dragged() {
  const [from, to] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
  return [Math.ceil(from / 2), Math.floor(to / 2) + 1];
}

$("text").addEventListener("pointerdown", (event) => {
  if (!task || event.button !== 0 || !event.isPrimary || event.target.closest(".label")) return;
  const place = placeAt(event);
  if (place !== null) drag = { from: place, to: place, id: event.pointerId };
});

document.addEventListener("pointermove", (event) => {
  if (!drag || event.pointerId !== drag.id) return;
  const place = placeAt(event);
  if (place === null || place === drag.to) return;
  drag.to = place;
  const [start, end] = dragged();
  if (start >= end) return;
  [task.anchor, task.cursor] = [start, end - 1];
  showCursor();
});

document.addEventListener("pointerup", (event) => {
  if (!drag || event.pointerId !== drag.id) return;
  const [start, end] = dragged();
  const isClick = drag.from === drag.to;
  drag = null;
  task.anchor = -1;
  if (start >= end) return showCursor();
  if (isClick && covering(start)) {
    task.cursor = start;
    unmark(start);
  } else {
    mark(start, end, state.active);
  }
});

document.addEventListener("pointercancel", () => {
  if (drag && task) task.anchor = -1;
  drag = null;
  showCursor();
});

// ---- Texts: choosing a label from a list

let chosenFor = -1; // the place whose label is chosen, -1 for the next mark

function choose(place) {
  chosenFor = place;
  $("mark-tools").hidden = !(task && covering(place));
  $("find-label").value = "";
  drawChoices();
  $("chooser").showModal();
  putBeside($("chooser"), place >= 0 ? words[place] : $("labels").lastElementChild);
  const chosen = $("choices").querySelector("[aria-pressed=true]");
  (place >= 0 && chosen ? chosen : $("find-label")).focus();
}

function putBeside(dialog, element) {
  const box = element.getBoundingClientRect();
  const below = box.bottom + 12;
  const fits = below + dialog.offsetHeight < innerHeight;
  dialog.style.left = `${Math.max(8, Math.min(box.left, innerWidth - dialog.offsetWidth - 8))}px`;
  dialog.style.top = `${Math.max(8, fits ? below : box.top - dialog.offsetHeight - 12)}px`;
}

function drawChoices() {
  const typed = $("find-label").value.trim();
  const span = chosenFor >= 0 && covering(chosenFor);
  const now = span ? span[2] : state.active;
  const found = state.labels.filter((label) => label.toLowerCase().includes(typed.toLowerCase()));
  const choices = found.map((label) => {
    const choice = button(colour(label), label, () => pick(label));
    const number = state.labels.indexOf(label) + 1;
    if (number <= 10) choice.append(make("kbd", "", String(number % 10)));
    choice.setAttribute("aria-pressed", String(label === now));
    return choice;
  });
  if (typed && !state.labels.includes(typed)) choices.push(button("", `Add ${typed}`, () => pick(typed)));
  $("choices").replaceChildren(...choices);
}

function pick(label) {
  $("chooser").close();
  activate(label);
  if (chosenFor >= 0 && covering(chosenFor)) relabel(chosenFor, label);
  else if (chosenFor >= 0 && task.cursor >= 0) mark(...selection(), label);
}

$("find-label").addEventListener("input", drawChoices);
$("chooser").addEventListener("keydown", (event) => {
  const choices = [...$("choices").children];
  const at = choices.indexOf(document.activeElement);
  const typing = document.activeElement === $("find-label");
  const number = typing ? -1 : digit(event);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const to = at + (event.key === "ArrowDown" ? 1 : -1);
    (choices[to] || $("find-label")).focus();
  } else if (event.key === "Enter" && typing && choices.length) {
    choices[0].click();
  } else if (number >= 0 && number < state.labels.length) {
    pick(state.labels[number]);
  } else if (event.key === "Delete" && !typing) {
    $("remove-mark").click();
  } else {
    // Letters go where they are looked for
    if (!typing && event.key.length === 1 && event.key !== " ") $("find-label").focus();
    return;
  }
  event.preventDefault();
});
$("remove-mark").addEventListener("click", () => {
  $("chooser").close();
  unmark(chosenFor);
});
$("mark-equal").addEventListener("click", () => {
  $("chooser").close();
  [task.cursor, task.anchor] = [chosenFor, -1];
  markEqual();
});

// ---- Texts: the list of answers

let listing = 0;

async function listAnswers() {
  const number = ++listing;
  const query = { query: $("find-answer").value };
  if ($("only-flagged").checked) query.flagged = 1;
  const result = await get("answers", query).catch(trouble);
  if (!result || number !== listing) return;
  const rows = result.answers.map((row) => {
    const item = make("li");
    const count = row.marks === 1 ? "1 mark" : `${row.marks} marks`;
    const about = [`${row.place + 1}`, row.answer === "accept" ? count : row.answer, row.flagged ? "flagged" : ""];
    const open = button("", row.text, () => {
      $("answers").close();
      goTo(row.place);
    });
    open.append(make("br"), make("span", "muted", about.filter(Boolean).join(" · ")));
    item.append(open);
    return item;
  });
  $("answer-list").replaceChildren(...(rows.length ? rows : [make("li", "muted", "None")]));
}

$("open-answers").addEventListener("click", () => {
  $("answers").showModal();
  listAnswers();
});
$("find-answer").addEventListener("input", listAnswers);
$("only-flagged").addEventListener("change", listAnswers);

// ---- Progress

function showProgress(result) {
  const bar = $("progress");
  bar.setAttribute("aria-valuenow", result.done);
  bar.setAttribute("aria-valuemax", result.goal);
  bar.firstElementChild.style.width = `${(100 * result.done) / result.goal}%`;
  const times = answered.times.filter((time) => time < PAUSE_MS).sort((a, b) => a - b);
  const middle = times.length ? Math.max(1, Math.round(times[times.length >> 1] / 1000)) : 0;
  const now = answered.count ? ` ${answered.count} now, ${middle} s each.` : "";
  $("words").textContent = `${result.done} of ${result.goal} texts.${now} ${result.words}`;
}

// ---- Terms

const terms = { questions: [], pending: 0, answers: Promise.resolve(), timer: 0, canUndo: false };

async function showTerms() {
  const result = await get("terms").catch(trouble);
  if (result) adopt(result);
}

function adopt(result) {
  if (terms.pending) return; // what is shown is ahead of what the server knows
  terms.questions = result.questions;
  terms.canUndo = result.can_undo;
  $("terms-status").textContent = result.status;
  $("terms-retry").hidden = !(result.finished && !result.questions.length);
  $("terms-wait").textContent = result.problem
    ? result.problem
    : result.questions.length
      ? ""
      : result.finished
        ? "Nothing is left that is worth asking. Add texts or patterns to go on."
        : "Looking for terms in your texts …";
  drawTerm();
  clearTimeout(terms.timer);
  if (result.busy && state.view === "terms") terms.timer = setTimeout(showTerms, 1000);
}

function drawTerm() {
  const question = terms.questions[0];
  $("question").hidden = !question;
  for (const id of ["term-accept", "term-reject", "term-ignore"]) $(id).disabled = !question;
  $("term-undo").disabled = !terms.canUndo;
  if (!question) return;
  know(question.label);
  const term = write(make("strong"), question.text);
  const label = write(make("span", `chip ${colour(question.label)}`), question.label);
  $("term").replaceChildren("Is ", term, " always ", label, "?");
  $("term-count").textContent = question.count === 1 ? "Once in the texts" : `${question.count} times in the texts`;
  const examples = question.examples.map((parts) => {
    const item = make("li");
    item.dir = "auto";
    for (const [text, isTerm] of parts) item.append(isTerm ? write(make("mark", colour(question.label)), text) : text);
    return item;
  });
  $("examples").replaceChildren(...examples);
}

function answerTerm(what) {
  const question = terms.questions[0];
  if (!question || !mayWrite()) return;
  terms.questions.shift();
  terms.canUndo = true;
  drawTerm();
  if (!terms.questions.length) $("terms-wait").textContent = "Ranking the terms by all answers so far …";
  const { place, text, label } = question;
  tell("terms", { place, text, label, answer: what });
}

function undoTerm() {
  if (terms.canUndo && mayWrite()) tell("undo", {});
}

function tell(name, body) {
  // One after the other, or they could overtake each other
  terms.pending++;
  $("saved").textContent = "Saving…";
  terms.answers = terms.answers.then(async () => {
    try {
      const result = await post(name, body);
      terms.pending--;
      $("problem").hidden = true;
      $("saved").textContent = terms.pending ? "Saving…" : "Saved";
      adopt(result);
    } catch (error) {
      terms.pending--;
      $("saved").textContent = "Not saved";
      trouble(error);
      if (!terms.pending) await showTerms(); // the question comes again
    }
  });
}

// ---- Try

const trying = { page: 0, pages: 1, timer: 0, asked: 0 };

function stage() {
  const chosen = document.querySelector("[name=stage]:checked");
  return chosen ? chosen.value : "";
}

function drawParts(element, parts) {
  const pieces = parts.map(([text, label, rule]) => {
    if (!label) return write(make("span"), text);
    know(label);
    const piece = write(make("mark", colour(label)), text);
    piece.append(write(make("span", "sort"), rule ? `${label} · ${rule}` : label));
    return piece;
  });
  element.replaceChildren(...pieces);
}

async function tryText() {
  const number = ++trying.asked;
  const text = $("typed").value;
  keep("typed", text);
  if (!stage()) return;
  if (!text.trim()) return $("found").replaceChildren();
  const result = await post("try", { text, stage: stage() }).catch(trouble);
  if (!result || number !== trying.asked) return;
  drawParts($("found"), result.parts);
  if (!$("found").querySelector("mark")) $("found").append(make("span", "muted", "  No entities."));
}

async function tryPage() {
  if (!stage()) return;
  $("page-number").value = trying.page + 1;
  const result = await get("page", { number: trying.page, stage: stage() }).catch(trouble);
  if (!result) return;
  const rows = result.texts.map(({ number, parts }) => {
    const row = make("li");
    const text = make("div", "text");
    text.dir = "auto";
    drawParts(text, parts);
    row.append(make("span", "number", String(number)), text);
    return row;
  });
  $("listed").replaceChildren(...rows);
}

function turn(to) {
  trying.page = Math.min(Math.max(to || 0, 0), trying.pages - 1);
  tryPage();
}

async function showTry() {
  // They may have been made meanwhile
  const now = await get("state").catch(trouble);
  if (now) state.stages = now.stages;
  const radios = [...document.querySelectorAll("[name=stage]")];
  for (const radio of radios) radio.disabled = !state.stages[radio.value];
  const first = radios.find((radio) => !radio.disabled);
  if (first && !stage()) first.checked = true;
  if (!first) $("found").textContent = "There is nothing to try yet. Run first.";
  $("page-of").textContent = `of ${trying.pages}`;
  tryText();
  tryPage();
}

$("typed").addEventListener("input", () => {
  clearTimeout(trying.timer);
  trying.timer = setTimeout(tryText, 250);
});
document.querySelectorAll("[name=stage]").forEach((radio) =>
  radio.addEventListener("change", () => {
    tryText();
    tryPage();
  }),
);
$("page-back").addEventListener("click", () => turn(trying.page - 1));
$("page-next").addEventListener("click", () => turn(trying.page + 1));
$("page-number").addEventListener("change", (event) => turn(Number(event.target.value) - 1));

// ---- Run

const running = { end: 0, timer: 0, follows: true };

async function showRun() {
  clearTimeout(running.timer);
  const result = await get("run", { start: running.end }).catch(trouble);
  if (!result) return;
  running.end = result.end;
  const output = $("run-output");
  output.append(result.output);
  output.hidden = !result.started;
  if (running.follows) output.scrollTop = output.scrollHeight;
  const isRunning = result.started && result.code === null;
  $("run-command").textContent = result.command;
  $("run-start").hidden = isRunning;
  $("run-stop").hidden = !isRunning;
  $("open-run").textContent = isRunning ? "Running…" : "Run";
  $("run-result").textContent = isRunning
    ? "Running…"
    : result.code === 0
      ? "Done."
      : result.code === null
        ? ""
        : "It ended with an error.";
  const lines = output.textContent.trimEnd().split("\n").slice(-LAST_LINES);
  const ending = result.code ? lines : result.code === 0 ? result.ending : [];
  $("run-ending").replaceChildren(...ending.map((line) => make("p", "", line)));
  $("run-ending").hidden = !ending.length;
  if (isRunning) {
    running.timer = setTimeout(showRun, 500);
  } else {
    const now = await get("state").catch(trouble);
    if (!now) return;
    state.stages = now.stages;
    $("run-report").hidden = !now.has_report;
  }
}

$("run-output").addEventListener("scroll", (event) => {
  const { scrollTop, clientHeight, scrollHeight } = event.target;
  running.follows = scrollTop + clientHeight > scrollHeight - 40;
});
$("open-run").addEventListener("click", () => {
  $("run").showModal();
  showRun();
});
$("run-start").addEventListener("click", async () => {
  running.end = 0;
  running.follows = true;
  $("run-output").replaceChildren();
  $("run-report").hidden = true;
  await post("run").catch(trouble);
  showRun();
});
$("run-stop").addEventListener("click", () => post("stop").then(showRun, trouble));

// ---- Views and keys

function show(view, focus = true) {
  state.view = view;
  for (const name of VIEWS) {
    $(name).hidden = name !== view;
    $(`tab-${name}`).setAttribute("aria-selected", String(name === view));
    $(`tab-${name}`).tabIndex = name === view ? 0 : -1;
  }
  $("progress").classList.toggle("off", view !== "texts");
  showLoading();
  history.replaceState(null, "", `#${view}`);
  if (view === "terms") showTerms();
  if (view === "try") showTry();
  if (focus) (view === "texts" ? $("text") : $(view)).focus({ preventScroll: true });
}

function digit(event) {
  // By the place of the key where a layout has digits behind shift
  const pressed = /^[0-9]$/.test(event.key) ? event.key : (/^Digit([0-9])$/.exec(event.code) || [])[1];
  return pressed === undefined || event.shiftKey ? -1 : (Number(pressed) + 9) % 10;
}

const right = () => ($("text").dir === "rtl" ? -1 : 1);

const KEYS = {
  texts: {
    a: () => answer("accept"),
    enter: () => answer("accept"),
    " ": skip,
    x: () => answer("reject"),
    backspace: back,
    escape: () => texts.place !== null && next(),
    f: flag,
    l: () => $("open-answers").click(),
    m: markEqual,
    n: (event) => nextMark(event.shiftKey ? -1 : 1),
    r: () => task && choose(Math.max(task.cursor, -1)),
    delete: () => task && task.cursor >= 0 && unmark(task.cursor),
    arrowright: (event) => step(right(), event.shiftKey),
    arrowleft: (event) => step(-right(), event.shiftKey),
    arrowdown: (event) => line(1, event.shiftKey),
    arrowup: (event) => line(-1, event.shiftKey),
    home: (event) => task && moveTo(0, event.shiftKey),
    end: (event) => task && moveTo(words.length - 1, event.shiftKey),
  },
  terms: {
    a: () => answerTerm("accept"),
    enter: () => answerTerm("accept"),
    x: () => answerTerm("reject"),
    r: () => answerTerm("reject"),
    i: () => answerTerm("ignore"),
    " ": () => answerTerm("ignore"),
    backspace: undoTerm,
    u: undoTerm,
  },
  try: {},
  all: {
    t: () => show("texts"),
    e: () => show("terms"),
    y: () => show("try"),
    "?": () => $("help").showModal(),
  },
};
const ONCE = new Set(["a", "enter", " ", "x", "r", "i", "u"]); // held down they would answer unread texts

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  if (target.matches("textarea, input:not([type=radio])")) {
    if (event.key === "Escape") target.blur();
    return;
  }
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && !event.altKey) {
    if (key !== "z" && key !== "y") return;
    if (state.view === "texts") (key === "y" || event.shiftKey ? redo : undo)();
    if (state.view === "terms" && key === "z") undoTerm();
    event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (target.matches("button, a, summary") && (key === "enter" || key === " ")) return;
  if (target.matches("[role=tab]") && /^arrow(left|right)$|^home$|^end$/.test(key)) {
    const at = VIEWS.indexOf(state.view) + { arrowleft: 2, arrowright: 1 }[key];
    const to = { home: 0, end: VIEWS.length - 1 }[key] ?? at % VIEWS.length;
    show(VIEWS[to], false);
    $(`tab-${VIEWS[to]}`).focus();
    event.preventDefault();
    return;
  }
  if (target.matches("input[type=radio]") && key.startsWith("arrow")) return;
  const number = state.view === "texts" ? digit(event) : -1;
  const act = KEYS[state.view][key] || KEYS.all[key];
  if (number >= 0 && number < state.labels.length) applyLabel(state.labels[number]);
  else if (act && !(event.repeat && ONCE.has(key))) act(event);
  else if (!act) return;
  event.preventDefault();
});

const CLICKS = {
  accept: () => answer("accept"),
  reject: () => answer("reject"),
  skip,
  back,
  flag,
  undo,
  redo,
  "term-accept": () => answerTerm("accept"),
  "term-reject": () => answerTerm("reject"),
  "term-ignore": () => answerTerm("ignore"),
  "term-undo": undoTerm,
  "terms-retry": () => post("retry").then(adopt, trouble),
  "write-here": () => claim(true),
  "problem-retry": () => {
    $("problem").hidden = true;
    pump();
    if (!texts.current) fill();
    if (state.view === "terms") showTerms();
  },
  "problem-drop": () => {
    outbox.waiting.shift();
    $("problem").hidden = true;
    pump();
    if (!texts.current && texts.place === null) fill();
  },
  "open-help": () => $("help").showModal(),
};
for (const [id, act] of Object.entries(CLICKS)) $(id).addEventListener("click", act);
for (const view of VIEWS) $(`tab-${view}`).addEventListener("click", () => show(view));
for (const close of document.querySelectorAll(".close")) {
  close.addEventListener("click", () => close.closest("dialog").close());
}
for (const dialog of document.querySelectorAll("dialog")) {
  // A click beside a dialog closes it
  dialog.addEventListener("click", (event) => {
    const box = dialog.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (event.target === dialog && !inside) dialog.close();
  });
}
// A click on a button leaves the keys with the text
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("section button, header button")) event.preventDefault();
});
addEventListener("online", pump);
addEventListener("pagehide", () => {
  if (holding) holding.abort();
  holding = null;
});
addEventListener("pageshow", (event) => event.persisted && claim());
// The tab that wrote may be closed by now
addEventListener("focus", () => state.writes === false && claim());
addEventListener("beforeunload", (event) => unsaved() && event.preventDefault());

async function start() {
  Object.assign(state, await get("state"));
  state.active = state.labels[0] || "";
  hidden = new RegExp(`${state.controls}|[\\u00ad\\u200b\\u2060\\ufeff]`, "gu");
  document.title = `Annotate ${state.file}`;
  $("guide").textContent = state.guide;
  $("guide-part").hidden = !state.guide;
  $("typed").value = stored("typed") || "";
  trying.pages = Math.max(state.pages, 1);
  showLabels();
  showProgress(state);
  const view = location.hash.slice(1);
  show(VIEWS.includes(view) ? view : "texts");
  claim();
  await fill();
}

start().catch(trouble);
