// The workspace: take a task, work on it, hand it in, and the next one is there. The server decides everything; this page keeps nothing
// that would be missed: drafts go to the server as one works, and into this browser while there is no connection.
(() => {
  const { editor, post, data } = window.Fairhand;
  const page = data("workspace");
  const say = page.words;
  const $ = (id) => document.getElementById(id);
  const BEAT_SECONDS = 15;
  const RETRY = 4000; // milliseconds until a lost connection is tried again
  const state = { task: null, spare: null, revision: 0, saving: null, wanted: null, active: true, busy: false, done: 0, began: 0, ended: false };
  const api = (task, verb) => `/api/v1/assignments/${task.id}/${verb}`;

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
  function clock() {
    if (!state.task) return;
    const spent = Math.floor((Date.now() - state.began) / 1000);
    const left = Math.floor((new Date(state.task.expires_at) - Date.now() + page.clock_ahead) / 1000);
    const write = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    $("spent").textContent = write(spent);
    $("left").textContent = left > 0 ? write(left) : "0:00";
    if (left <= 0 && !state.ended) {
      state.ended = true;
      $("late").hidden = false;
    }
  }

  // ---- drafts ----

  const shelf = (task) => `draft:${task.id}`;
  function keepHere(result) {
    try { localStorage.setItem(shelf(state.task), JSON.stringify({ base: state.revision, result })); } catch { /* full or forbidden: the server still has the last one */ }
  }
  function forgetHere(task) {
    try { localStorage.removeItem(shelf(task)); } catch { /* nothing was kept */ }
  }
  function keptHere(task) {
    try { return JSON.parse(localStorage.getItem(shelf(task))); } catch { return null; }
  }

  function changed(result) {
    state.active = true;
    state.wanted = result;
    keepHere(result);
    if (!state.saving) save();
  }

  async function save(keepalive = false) {
    const task = state.task;
    const result = state.wanted;
    if (!task || result === null) return;
    state.wanted = null;
    status(say.saving);
    state.saving = post(api(task, "draft"), { token: task.token, result, base_revision: state.revision }, { keepalive });
    try {
      const saved = await state.saving;
      if (task !== state.task) return;
      state.revision = saved.revision;
      if (state.wanted === null) { forgetHere(task); status(say.saved, "good"); }
    } catch (refusal) {
      if (task !== state.task) return;
      if (refusal.status === 0 || refusal.status === 503) {
        state.wanted ??= result;
        status(say.offline, "warn");
        setTimeout(() => { if (!state.saving) save(); }, RETRY);
      } else if (refusal.code === "draft_outdated") {
        elsewhere(refusal.details.draft, result);
      } else if (refusal.status === 401 || refusal.status === 403) {
        status(say.signed_out, "bad");
      } else {
        status(refusal.message, "bad");
      }
    } finally {
      state.saving = null;
    }
    if (state.wanted !== null && $("status").dataset.kind !== "warn") save();
  }

  // The same task is open in another tab or on another device, and was saved there: nothing is thrown away unasked.
  function elsewhere(theirs, mine) {
    const dialog = $("elsewhere");
    dialog.showModal();
    dialog.onclose = async () => {
      state.revision = theirs?.revision ?? 0;
      if (dialog.returnValue === "theirs" && theirs) {
        await state.editor.show({ ...state.task, draft: theirs.result });
        forgetHere(state.task);
        status(say.saved, "good");
      } else {
        state.wanted = mine;
        save();
      }
    };
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
    if (task && new Date(task.expires_at) <= Date.now() - page.clock_ahead) task = null;
    try {
      task ??= await claim();
    } catch (refusal) {
      return over(refusal);
    }
    if (!task) return over(null);
    await open(task);
    if (page.prefetch) setTimeout(prefetch, 300);
  }

  async function prefetch() {
    if (state.spare || !state.task) return;
    try { state.spare = await claim(); } catch { /* no more to hold: the next one is claimed when it is needed */ }
    if (state.spare) warm(state.spare.payload);
  }
  // Images of the task to come are fetched while this one is done.
  function warm(payload) {
    for (const value of Object.values(payload)) if (typeof value === "string" && /^\/files\//.test(value)) fetch(value).catch(() => {});
  }

  async function open(task) {
    const here = keptHere(task);
    state.task = task;
    state.ended = false;
    state.revision = task.draft?.revision ?? 0;
    state.began = Date.now();
    state.active = true;
    $("late").hidden = true;
    $("over").hidden = true;
    $("desk").hidden = false;
    const unsaved = here && here.base >= state.revision ? here.result : null;
    const draft = unsaved ?? task.draft?.result ?? null;
    await state.editor.show({ ...task, number: ++state.done, draft });
    status(draft ? say.restored : "", draft ? "good" : "");
    if (unsaved) changed(unsaved);
    enable(true);
    state.busy = false;
    clock();
    document.dispatchEvent(new CustomEvent("fairhand:task", { detail: { id: task.id } }));
  }

  function over(refusal) {
    state.task = null;
    state.busy = false;
    state.editor.clear();
    $("desk").hidden = true;
    $("over").hidden = false;
    const missing = refusal?.details?.missing?.map((one) => one.message) ?? [];
    const offline = refusal?.status === 0;
    $("over-why").textContent = offline ? say.offline_claim : refusal ? refusal.message : say.no_more;
    $("over-missing").replaceChildren(...missing.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    $("again").focus();
    status("");
  }

  async function submit(result) {
    if (state.busy || !state.task) return;
    state.busy = true;
    enable(false);
    trouble("");
    const task = state.task;
    try {
      await state.saving?.catch(() => {});
      const answer = Array.isArray(result) ? result : await state.editor.answer();
      const done = await post(api(task, "submit"), { token: task.token, result: answer });
      state.wanted = null;
      forgetHere(task);
      $("today").textContent = Number($("today").textContent) + 1;
      $("announce").textContent = done.state === "late" ? say.too_late : say.handed_in;
      await next();
      performance.mark("fairhand:next");
    } catch (refusal) {
      state.busy = false;
      enable(true);
      if (refusal.status === 0) trouble(say.offline_submit);
      else if (refusal.status === 401) trouble(say.signed_out);
      else if (refusal.code === "lease_lost") { trouble(refusal.message); forgetHere(task); await next(); }
      else trouble(refusal.message ? explain(refusal) : say.failed);
    }
  }
  function explain({ message, details }) {
    const where = details?.control ? `${details.control}: ` : "";
    const limit = details?.limit !== undefined ? ` (${say.limit} ${details.limit})` : "";
    return where + message + limit;
  }

  async function skip(event) {
    event.preventDefault();
    const form = new FormData($("skip-form"));
    const task = state.task;
    $("skip-dialog").close();
    try {
      const why = { reason: form.get("reason") ?? "", comment: form.get("comment") ?? "" };
      await post(api(task, "return"), { token: task.token, ...why });
      forgetHere(task);
      $("skip-form").reset();
      $("announce").textContent = say.skipped;
      await next();
    } catch (refusal) {
      trouble(refusal.status === 0 ? say.offline_submit : refusal.message);
    }
  }

  // ---- signs of life: every 15 seconds in which the person did something and the page was in view ----

  for (const kind of ["pointermove", "pointerdown", "keydown", "wheel", "scroll", "touchstart"])
    window.addEventListener(kind, () => { state.active = true; }, { passive: true, capture: true });
  window.addEventListener("message", () => { state.active = true; }); // someone at work inside a frame
  const playing = () => [...document.querySelectorAll("audio, video")].some((media) => !media.paused && !media.ended);
  setInterval(async () => {
    const task = state.task;
    if (!task || document.visibilityState !== "visible" || !(state.active || playing())) return;
    state.active = false;
    try {
      const beat = await post(api(task, "heartbeat"), { token: task.token });
      task.expires_at = beat.expires_at;
    } catch (refusal) {
      if (refusal.code === "lease_lost") $("late").hidden = false;
    }
  }, BEAT_SECONDS * 1000);

  // ---- begin ----

  state.editor = editor($("editor"), {
    interface: page.interface,
    frame: page.frame,
    title: page.title,
    user: page.user,
    onChange: changed,
    onAnswer: submit,
  });
  $("submit").addEventListener("click", submit);
  $("skip").addEventListener("click", () => $("skip-dialog").showModal());
  $("skip-form").addEventListener("submit", skip);
  $("again").addEventListener("click", () => next());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    event.stopPropagation();
    submit();
  }, { capture: true });
  window.addEventListener("online", () => { if (!state.saving) save(); });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden" && !state.saving) save(true); });
  setInterval(clock, 1000);
  const [first, ...others] = page.leases;
  state.spare = first ?? null;
  next().then(() => { if (others.length) state.spare ??= others[0]; });
})();
