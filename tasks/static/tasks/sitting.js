// A sitting: one question at a time in the real editor, every answer kept by the server as it is made, handed in whole or by the clock.
(() => {
  const { editor, post, data } = window.Fairhand;
  const page = data("sitting");
  const say = page.words;
  const $ = (id) => document.getElementById(id);
  const RETRY = 3000; // milliseconds until a lost connection is tried again
  const WARN_AT = [300, 60]; // seconds left at which the clock speaks
  const ahead = Date.now() - new Date(page.now).getTime(); // of this machine's clock before the server's
  const state = { at: 0, shown: 0, answers: { ...page.saved }, unsaved: new Set(), saving: null, over: false, ready: false, told: new Set() };
  const kept = new Map(Object.entries(page.saved).map(([name, result]) => [name, JSON.stringify(result)])); // what the server has said it keeps
  const fill = (text, values) => Object.entries(values).reduce((so_far, [name, value]) => so_far.replace(`%(${name})s`, value), text);
  const here = () => page.questions[state.at];
  const answered = (question) => Boolean(state.answers[question.id]?.length);
  const api = (verb) => `/api/v1/attempts/${page.attempt_id}/${verb}`;

  function status(text, kind = "") {
    $("status").textContent = text;
    $("status").dataset.kind = kind;
  }
  function trouble(text) {
    $("trouble").textContent = text;
    $("trouble").hidden = !text;
    if (text) $("trouble").focus();
  }

  // ---- answers ----

  function keep(result) {
    if (!state.ready || state.over) return;
    const question = here();
    if (JSON.stringify(state.answers[question.id] ?? []) === JSON.stringify(result)) return;
    state.answers[question.id] = result;
    state.unsaved.add(question.id);
    list();
    if (!state.saving) save();
  }

  function save() {
    const [name] = state.unsaved;
    if (name === undefined || state.over) return Promise.resolve();
    state.unsaved.delete(name);
    status(say.saving);
    const result = state.answers[name] ?? [];
    state.saving = post(api("save"), { question_id: name, result })
      .then(() => { kept.set(name, JSON.stringify(result)); if (!state.unsaved.size) status(say.saved, "good"); })
      .catch((refusal) => {
        if (refusal.code === "attempt_ended") return over();
        state.unsaved.add(name);
        if (refusal.status === 401 || refusal.status === 403) return status(say.signed_out, "bad");
        status(refusal.status === 0 || refusal.status === 503 ? say.offline : refusal.message || say.failed, "warn");
        return new Promise((resolve) => setTimeout(resolve, RETRY));
      })
      .finally(() => { state.saving = null; if (state.unsaved.size) save(); });
    return state.saving;
  }

  // ---- questions ----

  const options = { interface: page.interface, title: say.editor, address: page.editor_address, readonly: false, onChange: keep, onHandIn: () => step(1) };
  const desk = editor($("editor"), options);

  function list() {
    [...$("questions").querySelectorAll("button")].forEach((button, n) => {
      const question = page.questions[n];
      button.classList.toggle("answered", answered(question));
      button.setAttribute("aria-label", `${fill(say.question, { n: n + 1, of: page.questions.length })}, ${answered(question) ? say.answered : say.open}`);
      if (n === state.at) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    });
    $("back").disabled = state.at === 0;
    $("forward").disabled = state.at === page.questions.length - 1;
  }

  let showing = Promise.resolve();
  function go(n) {
    if (n < 0 || n >= page.questions.length || state.over) return showing;
    showing = showing.catch(() => {}).then(async () => {
      if (state.ready) keep(await desk.answer());
      state.ready = false;
      state.at = n;
      const question = here();
      $("question").textContent = fill(say.question, { n: n + 1, of: page.questions.length });
      list();
      await desk.show({ id: question.id, number: ++state.shown, payload: question.payload, draft: state.answers[question.id]?.length ? state.answers[question.id] : null });
      state.ready = true;
      keep(desk.result()); // who is quick has answered by now
    });
    return showing.catch(() => trouble(say.not_loaded));
  }
  function step(by) {
    if (state.at + by >= page.questions.length) ask();
    else go(state.at + by);
  }

  // ---- handing in ----

  async function ask() {
    if (state.ready) keep(await desk.answer());
    const open = page.questions.filter((question) => !answered(question)).length;
    $("open-count").textContent = fill(open ? say.some_open : say.all_answered, { n: open, of: page.questions.length });
    $("hand-in-dialog").showModal();
  }

  async function handIn() {
    if (state.over) return;
    state.over = true;
    trouble("");
    $("hand-in").disabled = true;
    try {
      const answers = Object.fromEntries(Object.entries(state.answers).filter(([, result]) => result?.length));
      await post(api("submit"), { answers });
      location.replace(page.result_address);
    } catch (refusal) {
      if (refusal.code === "attempt_ended") return location.replace(page.result_address);
      state.over = false;
      $("hand-in").disabled = false;
      const wrong = page.questions.findIndex((question) => question.id === refusal.details?.question_id);
      if (wrong >= 0) {
        await go(wrong);
        return trouble(`${fill(say.question, { n: wrong + 1, of: page.questions.length })}: ${refusal.message}`);
      }
      trouble(refusal.status === 0 ? say.offline_submit : refusal.message || say.failed);
    }
  }

  // The time is over: what was made counts, also what was not saved yet, for a few seconds.
  async function over() {
    if (state.over) return;
    state.over = true;
    if (state.ready) state.answers[here().id] = await desk.answer().catch(() => desk.result());
    trouble(say.time_over);
    const whole = Object.fromEntries(Object.entries(state.answers).filter(([, result]) => result?.length));
    await post(api("submit"), { answers: whole }).catch(async () => {
      // An answer that is not whole is not handed in: what was saved is graded by the clock.
      await new Promise((resolve) => setTimeout(resolve, 6000));
    });
    location.replace(page.result_address);
  }

  function clock() {
    const left = Math.max(0, Math.floor((new Date(page.expires_at).getTime() - (Date.now() - ahead)) / 1000));
    $("left").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    $("left").classList.toggle("soon", left <= 60);
    for (const mark of WARN_AT) {
      if (left > mark || left < mark - 5 || state.told.has(mark)) continue;
      state.told.add(mark);
      $("announce").textContent = mark === 60 ? say.minute_left : fill(say.minutes_left, { n: mark / 60 });
    }
    if (left <= 0) over();
  }

  $("questions").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) go(Number(button.dataset.n));
  });
  $("back").addEventListener("click", () => step(-1));
  $("forward").addEventListener("click", () => go(state.at + 1));
  $("hand-in").addEventListener("click", ask);
  $("hand-in-dialog").addEventListener("close", () => { if ($("hand-in-dialog").returnValue === "yes") handIn(); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    step(1);
  });
  window.addEventListener("online", () => { if (!state.saving) save(); });
  window.addEventListener("pagehide", () => {
    if (!state.ready || state.over) return;
    state.answers[here().id] = desk.result();
    for (const [name, result] of Object.entries(state.answers)) {
      if ((kept.get(name) ?? "[]") !== JSON.stringify(result)) post(api("save"), { question_id: name, result }, { keepalive: true }).catch(() => {});
    }
  });
  const open = page.questions.findIndex((question) => !answered(question));
  go(Math.max(open, 0));
  clock();
  setInterval(clock, 1000);
})();
