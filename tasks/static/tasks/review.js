// One's answers to a sitting beside the solutions, each in the real editor, which here only shows.
(() => {
  const { editor, data } = window.Fairhand;
  const page = data("review");
  const say = page.words;
  const $ = (id) => document.getElementById(id);
  let shown = 0;
  let showing = Promise.resolve();
  let desk = null;

  function show(n, which) {
    const one = page.questions[n];
    const result = which === "solution" ? one.solution : one.answer;
    for (const button of document.querySelectorAll("[data-n]")) button.setAttribute("aria-pressed", String(Number(button.dataset.n) === n && button.dataset.which === which));
    $("heading").textContent = (result ? say[which === "solution" ? "solution" : "yours"] : say.unanswered).replace("%(n)s", one.number);
    desk ??= editor($("editor"), { interface: page.interface, title: say.editor, address: page.editor_address, readonly: true });
    showing = showing.catch(() => {}).then(() => desk.show({ id: `${which}-${n}`, number: ++shown, payload: one.payload, draft: result ?? [] }));
    showing.catch(() => { $("heading").textContent = say.not_loaded; });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-n]");
    if (!button) return;
    show(Number(button.dataset.n), button.dataset.which);
    $("shown").scrollIntoView({ block: "nearest" });
  });
  if (page.questions.length) show(0, page.questions[0].answer ? "yours" : "solution");
})();
