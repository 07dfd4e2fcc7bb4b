// Put into a requester's own page by the server: its form, however it is sent, goes to the page around it and nowhere else.
// The page may also speak for itself: parent.postMessage({fairhand: "answer", answer: {field: "text"}}, "*"), or "draft" while at work.
(() => {
  const tell = (fairhand, answer) => parent.postMessage({ fairhand, answer }, "*");
  const DRAFT_AFTER = 500; // milliseconds without a change
  const ACTIVE_EVERY = 1000;

  function fields(form, submitter) {
    const answer = {};
    for (const [name, value] of new FormData(form, submitter)) {
      if (typeof value !== "string") continue; // files have no place in an answer
      answer[name] = name in answer ? [].concat(answer[name], value) : value;
    }
    return answer;
  }

  // After the page's own listeners: what they have prevented they see to themselves.
  window.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    tell("answer", fields(event.target, event.submitter));
  });
  HTMLFormElement.prototype.submit = function () { tell("answer", fields(this)); };

  let later = 0;
  for (const kind of ["input", "change"])
    window.addEventListener(kind, (event) => {
      const form = event.target.form;
      clearTimeout(later);
      if (form) later = setTimeout(() => tell("draft", fields(form)), DRAFT_AFTER);
    });

  let told = 0;
  for (const kind of ["pointermove", "pointerdown", "keydown", "wheel", "scroll", "touchstart"])
    window.addEventListener(kind, () => {
      if (Date.now() - told < ACTIVE_EVERY) return;
      told = Date.now();
      tell("active");
    }, { passive: true, capture: true });
  window.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    tell("submit");
  });

  function fill(form, answer) {
    for (const [name, value] of Object.entries(answer)) {
      const values = [].concat(value);
      for (const field of form.elements) {
        if (field.name !== name) continue;
        if (field.type === "radio" || field.type === "checkbox") field.checked = values.includes(field.value);
        else if (field.type === "select-multiple") for (const option of field.options) option.selected = values.includes(option.value);
        else if (field.type !== "file") field.value = values.shift() ?? "";
      }
    }
  }

  window.addEventListener("message", (event) => {
    if (event.source !== parent || !event.data) return;
    const form = document.querySelector("form");
    if (!form) return; // a page without a form listens and answers by itself
    if (event.data.fairhand === "fill") fill(form, event.data.answer);
    if (event.data.fairhand !== "hand in") return;
    if (form.reportValidity()) form.requestSubmit();
    else tell("invalid");
  });

  // What Mechanical Turk's own script offers, so that pages written for it run here.
  window.turkGetParam = (name, otherwise = "") => new URLSearchParams(location.search).get(name) ?? otherwise;
  window.turkSetAssignmentID = () => {};
})();
