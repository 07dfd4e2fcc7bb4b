// A lesson: worked examples to look at, practice tasks to do in the real editor, and at once whether it was right and why.
(() => {
  const { editor, post, data } = window.Fairhand;
  const page = data("lesson");
  if (!page.interface) return;
  const say = page.words;
  const $ = (id) => document.getElementById(id);
  const BEAT_SECONDS = 15;
  const state = { number: page.number, question: page.question, recent: page.recent, mastered: page.mastered, mine: null, solution: null, busy: false, active: true, shown: 0 };
  const fill = (text, values) => Object.entries(values).reduce((so_far, [name, value]) => so_far.replace(`%(${name})s`, value), text).replace("%%", "%");
  const options = { interface: page.interface, title: say.editor, address: page.editor_address, readonly: false, onActive: () => { state.active = true; }, onHandIn: () => { if (!$("check").hidden) check(); else if (!$("next").hidden) next(); } };
  const desk = editor($("editor"), options);

  function trouble(text) {
    $("trouble").textContent = text;
    $("trouble").hidden = !text;
    if (text) $("trouble").focus();
  }
  const buttons = (...shown) => { for (const id of ["check", "again", "next", "onward"]) $(id).hidden = !shown.includes(id); $("keys").hidden = !shown.includes("check"); };
  const press = (chosen) => { for (const button of $("parts").children) button.setAttribute("aria-pressed", String(button === chosen)); };

  // Only one thing is being put into the editor at a time; what is asked for meanwhile comes after it.
  let showing = Promise.resolve();
  function show(task, { readonly }) {
    showing = showing.catch(() => {}).then(() => { options.readonly = readonly; return desk.show({ ...task, number: ++state.shown }); });
    return showing.catch(() => { trouble(say.not_loaded); throw new Error("not loaded"); });
  }

  function soFar() {
    const place = $("so-far");
    if (!place) return;
    const right = state.recent.filter(Boolean).length;
    const text = state.mastered ? say.mastered : state.recent.length ? fill(say.so_far, { right, n: state.recent.length, wanted: page.right, window: page.window }) : fill(say.none_yet, { wanted: page.right, window: page.window });
    const tries = document.createElement("span");
    tries.className = "tries";
    tries.setAttribute("aria-hidden", "true");
    tries.replaceChildren(...state.recent.map((good) => Object.assign(document.createElement("span"), { className: good ? "good" : "bad", textContent: good ? "✓" : "✗" })));
    place.replaceChildren(tries, document.createTextNode(text));
  }

  async function example(n, button) {
    press(button);
    trouble("");
    const one = page.examples[n];
    $("feedback").hidden = true;
    $("heading").textContent = fill(say.example, { n: n + 1, of: page.examples.length });
    buttons(...(state.mastered ? ["onward"] : []));
    await show({ id: `example-${one.id}`, payload: one.payload, draft: one.solution }, { readonly: true });
    $("explanation").innerHTML = one.explanation; // made safe by the server
    $("explanation").hidden = !one.explanation;
  }

  async function practise(draft = null) {
    press(document.querySelector("[data-practice]"));
    trouble("");
    $("explanation").hidden = true;
    $("feedback").hidden = true;
    $("heading").textContent = fill(say.practice, { n: state.number });
    state.mine = null;
    buttons();
    await show({ id: `practice-${state.question.id}-${state.number}`, payload: state.question.payload, draft }, { readonly: false });
    buttons("check");
  }

  async function check() {
    if (state.busy || !state.question) return;
    state.busy = true;
    $("check").disabled = true;
    trouble("");
    try {
      const result = await desk.answer();
      const told = await post(`/api/v1/lessons/${page.lesson_id}/practise`, { number: state.number, question_id: state.question.id, result });
      await feedback(result, told);
    } catch (refusal) {
      if (refusal.code === "practice_moved" || refusal.code === "training_finished") await moved();
      else trouble(refusal.status === 0 ? say.offline : refusal.message || say.failed);
    } finally {
      state.busy = false;
      $("check").disabled = false;
    }
  }

  async function feedback(result, told) {
    state.mine = { ...state.question, result };
    state.solution = { ...state.question, result: told.solution };
    take(told.standing);
    $("verdict").textContent = fill(say[told.verdict], { percent: Math.round(told.score * 100) });
    $("feedback").className = `notice ${{ right: "", partly: "warning", wrong: "error" }[told.verdict]}`;
    const note = [told.counts ? "" : say.not_counted, state.mastered ? say.mastered : "", told.standing.finished_at ? say.finished : ""].filter(Boolean).join(" ");
    $("feedback-note").textContent = note;
    $("feedback-note").hidden = !note;
    $("feedback-why").innerHTML = told.explanation_html ?? ""; // made safe by the server
    $("feedback").hidden = false;
    buttons(...(state.mastered ? ["onward"] : told.verdict === "right" ? ["next"] : ["again", "next"]));
    await compare(told.verdict === "right" ? "yours" : "solution");
    $("feedback").focus();
  }

  async function compare(which) {
    $("show-yours").setAttribute("aria-pressed", String(which === "yours"));
    $("show-solution").setAttribute("aria-pressed", String(which === "solution"));
    $("heading").textContent = say[which];
    const one = which === "yours" ? state.mine : state.solution;
    await show({ id: `${which}-${one.id}-${state.number}`, payload: one.payload, draft: one.result }, { readonly: true });
  }

  function take(standing) {
    state.number = standing.number;
    state.recent = standing.recent;
    state.mastered = Boolean(standing.mastered_at);
    state.following = standing.question;
    if (state.mastered) document.querySelector("[data-practice]")?.remove();
    soFar();
  }

  async function next() {
    state.question = state.following ?? state.question;
    await practise();
  }

  async function moved() {
    const standing = await post(`/api/v1/lessons/${page.lesson_id}/study`, {});
    take(standing);
    if (state.mastered) return buttons("onward");
    await next();
    trouble(say.moved);
  }

  // ---- signs of life, every 15 seconds in which the person did something and the page was in view ----
  for (const kind of ["pointermove", "pointerdown", "keydown", "wheel", "scroll", "touchstart"])
    window.addEventListener(kind, () => { state.active = true; }, { passive: true, capture: true });
  setInterval(() => {
    if (document.visibilityState !== "visible" || !state.active || state.mastered) return;
    state.active = false;
    post(`/api/v1/lessons/${page.lesson_id}/study`, {}).catch(() => {});
  }, BEAT_SECONDS * 1000);

  $("parts").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const going = button.dataset.example !== undefined ? example(Number(button.dataset.example), button) : state.mine ? next() : practise();
    going.catch(() => {});
  });
  $("check").addEventListener("click", check);
  $("again").addEventListener("click", () => practise().catch(() => {}));
  $("next").addEventListener("click", () => next().catch(() => {}));
  $("show-yours").addEventListener("click", () => compare("yours").catch(() => {}));
  $("show-solution").addEventListener("click", () => compare("solution").catch(() => {}));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    options.onHandIn();
  });

  soFar();
  const first = document.querySelector("[data-example]");
  const begin = first && (!state.recent.length || !state.question) ? example(0, first) : state.question ? practise() : Promise.resolve();
  begin.catch(() => {});
})();
