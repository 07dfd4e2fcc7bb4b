// The workspace: take a task, work on it, hand it in, and the next one is there. The server decides everything; this page keeps nothing
// that would be missed: drafts go to the server as one works, and into this browser while there is no connection.
(() => {
  const { editor, post, data } = window.Fairhand;
  const page = data("workspace");
  const say = page.words;
  const $ = (id) => document.getElementById(id);
  const BEAT_SECONDS = 15;
  const RETRY = 4000; // milliseconds until a lost connection is tried again
  const PREFETCH_AFTER = 300; // milliseconds; what the person sees comes first
  const ahead = Date.parse(page.now) - (performance.timeOrigin + (performance.getEntriesByType("navigation")[0]?.responseStart ?? 0));
  const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: page.currency, maximumFractionDigits: 6 });
  const state = {
    task: null, // in the person's hands
    spare: null, // taken ahead, not yet begun
    revision: 0, // of the draft that the server has
    wanted: null, // what is to be saved next
    saving: null,
    active: true, // a sign of the person since the last one the server got
    busy: false, // handing in
    offline: false,
    done: 0,
    began: 0,
    answers: page.answers_today,
    micros: page.earned_today_micros,
    guideline: page.guideline_id,
  };
  const api = (task, verb) => `/api/v1/assignments/${task.id}/${verb}`;
  const server = () => Date.now() + ahead;

  // ---- what the person sees ----

  function status(text, kind = "") {
    $("status").textContent = text;
    $("status").dataset.kind = kind;
  }
  function trouble(text) {
    $("trouble").textContent = text;
    $("trouble").hidden = !text;
    if (text) $("trouble").focus();
  }
  function enable(on) {
    for (const id of ["submit", "skip"]) $(id).disabled = !on;
  }
  function today() {
    $("today").textContent = state.answers;
    $("earned").textContent = money.format(state.micros / 1e6);
  }
  function clock() {
    if (!state.task) return;
    const spent = Math.max(0, Math.floor((server() - state.began) / 1000));
    const left = Math.floor((Date.parse(state.task.expires_at) - server()) / 1000);
    const write = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    $("spent").textContent = write(spent);
    $("left").textContent = write(Math.max(left, 0));
    $("late").hidden = left > 0;
  }

  // ---- drafts: to the server, and on a shelf in this browser until it has them ----

  const shelf = (task) => `draft:${task.id}`;
  function keepHere(task, result) {
    try { localStorage.setItem(shelf(task), JSON.stringify({ base: state.revision, result })); } catch { /* full or forbidden: the server has the last one */ }
  }
  function forgetHere(task) {
    try { localStorage.removeItem(shelf(task)); } catch { /* nothing was kept */ }
  }
  function keptHere(task) {
    try { return JSON.parse(localStorage.getItem(shelf(task))); } catch { return null; }
  }

  function changed(result) {
    if (!state.task || state.busy) return;
    state.active = true;
    state.wanted = result;
    keepHere(state.task, result);
    if (!state.saving) save();
  }

  async function save(keepalive = false) {
    const task = state.task;
    const result = state.wanted;
    if (!task || result === null) return;
    state.wanted = null;
    if (!state.offline) status(say.saving);
    state.saving = post(api(task, "draft"), { token: task.token, result, base_revision: state.revision }, { keepalive });
    let again = false;
    try {
      const saved = await state.saving;
      if (task !== state.task) return;
      state.revision = saved.revision;
      state.offline = false;
      again = state.wanted !== null;
      if (!again) { forgetHere(task); status(say.saved, "good"); }
    } catch (refusal) {
      if (task !== state.task) return;
      if (refusal.status === 0 || refusal.status >= 500) {
        state.wanted ??= result;
        state.offline = true;
        status(say.offline, "warn");
        setTimeout(() => { if (!state.saving) save(); }, RETRY);
      } else if (refusal.code === "draft_outdated") elsewhere(refusal.details.draft, result);
      else if (refusal.code === "lease_lost") gone(task);
      else if (refusal.status === 401 || refusal.status === 403) status(say.signed_out, "bad");
      else status(refusal.message, "bad");
    } finally {
      state.saving = null;
    }
    if (again) save();
  }

  // The same task is open in another tab or on another device, and was saved there: nothing is thrown away unasked.
  function elsewhere(theirs, mine) {
    const dialog = $("elsewhere");
    if (dialog.open) return;
    dialog.returnValue = "";
    dialog.showModal();
    dialog.onclose = async () => {
      state.revision = theirs?.revision ?? 0;
      if (dialog.returnValue === "mine" || !theirs) {
        state.wanted = mine;
        save();
      } else {
        await state.editor.show({ ...state.task, number: ++state.done, draft: theirs.result });
        state.wanted = null;
        forgetHere(state.task);
        status(say.saved, "good");
      }
    };
  }

  // It was handed in or given back in another tab.
  async function gone(task) {
    if (task !== state.task || state.busy) return;
    forgetHere(task);
    state.wanted = null;
    await next();
    trouble(say.gone);
  }

  // ---- the loop ----

  async function claim() {
    const { assignments } = await post(`/api/v1/batches/${page.batch_id}/claim`, {});
    return assignments[0] ?? null;
  }

  async function next() {
    trouble("");
    let task = state.spare;
    state.spare = null;
    if (task?.ahead && Date.parse(task.expires_at) <= server()) task = null; // never begun, and somebody else's by now
    try {
      task ??= await claim();
    } catch (refusal) {
      return over(refusal);
    }
    if (!task) return over(null);
    await open(task);
    if (page.prefetch) setTimeout(prefetch, PREFETCH_AFTER);
  }

  async function prefetch() {
    if (state.spare || !state.task) return;
    const spare = await claim().catch(() => null); // no more to hold, or none left: it is asked for when it is needed
    if (!spare) return;
    state.spare = { ...spare, ahead: true };
    state.editor.prepare(spare.payload);
  }

  async function open(task) {
    const here = keptHere(task);
    state.task = task;
    state.revision = task.draft?.revision ?? 0;
    state.wanted = null;
    state.offline = false;
    state.began = server();
    state.active = true;
    enable(false);
    for (const id of ["late", "over"]) $(id).hidden = true;
    $("desk").hidden = false;
    const unsaved = here && here.base >= state.revision ? here.result : null;
    const draft = unsaved ?? task.draft?.result ?? null;
    // Its clock starts now, once, even if it was taken ahead. It may fail: then the time in hand counts.
    post(api(task, "begin"), { token: task.token }).then((begun) => { task.expires_at = begun.expires_at; if (task === state.task) state.began = Date.parse(begun.leased_at); }).catch(() => {});
    try {
      await state.editor.show({ ...task, number: ++state.done, draft });
    } catch {
      trouble(say.not_loaded);
      return;
    }
    guideline(task.guideline_id);
    $("pay").textContent = money.format(task.price_micros / 1e6);
    status(draft ? say.restored : "", draft ? "good" : "");
    state.busy = false;
    enable(true);
    clock();
    if (unsaved) changed(unsaved);
    if (!document.querySelector("dialog[open]")) state.editor.focus(); // so that its keys work from the first task on
    document.dispatchEvent(new CustomEvent("fairhand:task", { detail: { id: task.id } }));
  }

  // What is missing before the next task, with the page on which it is done and from which one comes back here.
  function missingLine(one) {
    const line = Object.assign(document.createElement("li"), { textContent: one.message ?? one });
    if (one.url?.startsWith("/")) {
      const href = `${one.url}?next=${encodeURIComponent(location.pathname)}`;
      line.append(" ", Object.assign(document.createElement("a"), { href, textContent: say.open }));
    }
    return line;
  }

  // A task keeps the guideline it was taken under; the text beside it is that one.
  function guideline(id) {
    $("changed").hidden = id === state.guideline;
    if (id === state.guideline) return;
    state.guideline = id;
    window.htmx.ajax("GET", page.guideline_address.replace(page.guideline_id, id), "#guideline");
    $("guideline-panel").open = true;
  }

  function over(refusal) {
    state.task = null;
    state.busy = false;
    state.editor.clear();
    $("desk").hidden = true;
    $("late").hidden = true;
    $("over").hidden = false;
    const details = refusal?.details ?? {};
    $("over-why").textContent = refusal?.status === 0 ? say.offline_claim : refusal ? refusal.message || say.failed : say.no_more;
    $("over-missing").replaceChildren(...(details.missing ?? []).map(missingLine));
    if (["break_needed", "day_is_full", "week_is_full"].includes(refusal?.code)) document.dispatchEvent(new Event("fairhand:ask-clock"));
    $("over-until").hidden = !details.until;
    if (details.until) $("over-until").textContent = `${say.until} ${instant(details.until)}`;
    $("over").focus();
    status("");
    document.dispatchEvent(new CustomEvent("fairhand:task", { detail: { id: null } }));
  }

  async function submit(result) {
    if (state.busy || !state.task) return;
    performance.mark("fairhand:submit");
    state.busy = true;
    enable(false);
    trouble("");
    const task = state.task;
    try {
      await state.saving?.catch(() => {});
      const answer = Array.isArray(result) ? result : await state.editor.answer();
      if (answer === null) throw { status: 400, message: say.fill_in };
      const done = await post(api(task, "submit"), { token: task.token, result: answer });
      forgetHere(task);
      if (done.state !== "late") state.answers += 1;
      state.micros += done.price_micros;
      today();
      $("announce").textContent = done.state === "late" ? say.too_late : say.handed_in;
      await next();
      if (done.state === "late") trouble(say.too_late);
      performance.mark("fairhand:next");
      performance.measure("fairhand:submit-to-next", "fairhand:submit", "fairhand:next");
    } catch (refusal) {
      state.busy = false;
      enable(true);
      if (refusal.status === 0) trouble(say.offline_submit);
      else if (refusal.status === 401 || refusal.code === "permission_denied") trouble(say.signed_out);
      else if (refusal.code === "lease_lost" || refusal.code === "answered_otherwise") gone(task);
      else trouble(refusal.message ? explain(refusal) : say.failed);
    }
  }
  // As every page says it: 27 Nov 2026, 14:38.
  function instant(at) {
    const asked = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: page.time_zone };
    const parts = new Intl.DateTimeFormat(document.documentElement.lang, asked).formatToParts(new Date(at));
    const { day, month, year, hour, minute } = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
    return `${day} ${month} ${year}, ${hour}:${minute}`;
  }

  // A control by the heading above it, which is what people see; its name in the interface is the requester's own.
  function heading(control) {
    const tags = [...new DOMParser().parseFromString(page.interface, "text/xml").querySelectorAll("*")];
    for (const tag of tags.slice(0, Math.max(tags.findIndex((one) => one.getAttribute("name") === control), 0)).reverse()) {
      const text = tag.tagName === "Header" ? tag.getAttribute("value")?.trim() : "";
      if (text && !text.includes("$")) return text;
      if (tag.hasAttribute("toName")) return ""; // what stands above belongs to that one
    }
    return "";
  }

  function explain({ message, details }) {
    const name = details?.control ? heading(details.control) : "";
    const where = name ? `${name}: ` : "";
    const limit = details?.limit !== undefined ? ` (${say.limit} ${details.limit})` : "";
    return where + message + limit;
  }

  async function skip(event) {
    event.preventDefault();
    const form = new FormData($("skip-form"));
    const task = state.task;
    $("skip-dialog").close();
    try {
      await post(api(task, "return"), { token: task.token, reason: form.get("reason") ?? "", comment: form.get("comment") ?? "" });
      forgetHere(task);
      $("skip-form").reset();
      $("announce").textContent = say.skipped;
      await next();
    } catch (refusal) {
      if (refusal.code === "lease_lost") gone(task);
      else trouble(refusal.status === 0 ? say.offline_submit : refusal.message);
    }
  }

  // ---- signs of life: every 15 seconds in which the person did something and the page was in view ----

  const alive = () => { state.active = true; };
  for (const kind of ["pointermove", "pointerdown", "keydown", "wheel", "scroll", "touchstart"])
    window.addEventListener(kind, alive, { passive: true, capture: true });
  setInterval(async () => {
    const task = state.task;
    if (!task || document.visibilityState !== "visible" || !(state.active || state.editor.playing())) return;
    state.active = false;
    try {
      const beat = await post(api(task, "heartbeat"), { token: task.token });
      task.expires_at = beat.expires_at;
    } catch (refusal) {
      if (refusal.status === 0) state.active = true;
      else if (refusal.code === "lease_lost" && refusal.details.state !== "expired") gone(task);
    }
  }, BEAT_SECONDS * 1000);

  // ---- begin ----

  state.editor = editor($("editor"), {
    interface: page.interface,
    frame: page.frame,
    address: page.editor_address,
    title: say.task,
    onChange: changed,
    onAnswer: submit,
    onActive: alive,
    onHandIn: () => submit(),
  });
  $("submit").addEventListener("click", () => submit());
  $("skip").addEventListener("click", () => $("skip-dialog").showModal());
  $("skip-form").addEventListener("submit", skip);
  $("again").addEventListener("click", () => next());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    submit();
  });
  window.addEventListener("online", () => { if (!state.saving) save(); });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden" && !state.saving) save(true); });
  // What was taken ahead and never begun goes back to whoever wants it.
  window.addEventListener("pagehide", () => {
    if (!state.spare) return;
    post(api(state.spare, "return"), { token: state.spare.token }, { keepalive: true }).catch(() => {});
    state.spare = null;
  });
  if (matchMedia("(min-width: 60rem)").matches) $("guideline-panel").open = true;
  setInterval(clock, 1000);
  today();
  const [first, ...others] = page.leases;
  state.spare = first ?? null;
  next().then(() => { state.spare ??= others[0] ?? null; });
})();
