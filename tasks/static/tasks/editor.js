// One task in front of a person: the Label Studio editor, or a requester's own page, behind one small interface. Both live in a frame:
// the editor for its style sheet and the looser content policy that it needs, the page because it is somebody else's.
//   const editor = Fairhand.editor(root, {interface, frame, title, user, address, readonly, onChange, onAnswer, onActive, onHandIn})
//   await editor.show({id, payload, prelabel, draft, frame_address})   puts a task there, in place of the one before
//   editor.result()          what the person has made so far, in the editor's result format
//   await editor.answer()    the same when they hand in; null when the page in the frame has fields that must be filled in first
//   editor.focus()           the keys now go to the task
//   editor.clear()           nothing is shown any more
// onChange(result) follows the work, onActive() each sign of a person, onHandIn() the keys Ctrl+Enter, onAnswer(result) a page's own form.
(() => {
  const Fairhand = (window.Fairhand = window.Fairhand || {});
  const ANSWER_WITHIN = 1000; // milliseconds; a page that does not listen is judged by what it said last

  function framed(root, options) {
    const element = document.createElement("iframe");
    element.title = options.title;
    root.replaceChildren(element);
    return element;
  }

  // The editor, in a page of ours: `address` is where it may load its media from (see pages/workspace.py).
  function labelStudio(root, options) {
    const element = framed(root, options);
    const island = new Promise((resolve, reject) => {
      element.addEventListener("load", () => {
        const there = element.contentWindow.Fairhand;
        if (there?.island) resolve(there.island(options));
        else reject(new Error("The editor did not load."));
      }, { once: true });
    });
    element.src = options.address ?? "/editor/";
    let inner = null;
    return {
      element,
      async show(task) {
        inner = await island;
        await inner.show(task);
      },
      result: () => inner?.result() ?? [],
      answer: async () => inner?.result() ?? [],
      focus: () => element.contentWindow.focus(),
      clear() { inner?.clear(); },
    };
  }

  // A requester's own page, in a frame without an origin: it can neither read this page nor speak in its name. It answers by message.
  function ownPage(root, options) {
    const state = { latest: null, waiting: null };
    const element = framed(root, options);
    element.setAttribute("sandbox", "allow-scripts allow-forms");
    if (options.frame.height_pixels) element.style.height = `${options.frame.height_pixels}px`;
    const asResult = (answer) => [{ from_name: "form", to_name: "form", type: "form", value: { form: answer } }];

    window.addEventListener("message", (event) => {
      if (event.source !== element.contentWindow || typeof event.data !== "object" || !event.data) return;
      const { fairhand, answer } = event.data;
      if (fairhand === "active") options.onActive?.();
      if (fairhand === "submit") options.onHandIn?.();
      if (fairhand === "invalid") state.waiting?.(null);
      if (!answer || typeof answer !== "object") return;
      state.latest = asResult(answer);
      if (fairhand === "draft") options.onChange?.(state.latest);
      if (fairhand === "answer") {
        if (state.waiting) state.waiting(state.latest);
        else options.onAnswer?.(state.latest);
      }
    });
    return {
      element,
      async show(task) {
        state.latest = task.draft;
        const loaded = new Promise((resolve) => element.addEventListener("load", resolve, { once: true }));
        element.src = task.frame_address;
        await loaded;
        if (task.draft) element.contentWindow.postMessage({ fairhand: "fill", answer: task.draft[0]?.value?.form ?? {} }, "*");
      },
      result: () => state.latest ?? [],
      answer() {
        return new Promise((resolve) => {
          state.waiting = (found) => { state.waiting = null; resolve(found); };
          element.contentWindow.postMessage({ fairhand: "hand in" }, "*");
          setTimeout(() => state.waiting?.(state.latest ?? []), ANSWER_WITHIN);
        });
      },
      focus: () => element.focus(),
      clear() { state.latest = null; element.src = "about:blank"; },
    };
  }

  Fairhand.editor = (root, options) => (options.frame ? ownPage(root, options) : labelStudio(root, options));
  // The cookie, not the page's own field: signing in again in another tab changes it.
  Fairhand.CSRF = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";

  // A command of the API, as the person who is signed in. Throws {status, code, message, details}; status 0 means: no connection.
  Fairhand.post = async (address, body, { keepalive = false, headers = {} } = {}) => {
    let answer;
    try {
      answer = await fetch(address, {
        method: "POST",
        keepalive,
        headers: { "Content-Type": "application/json", "X-CSRFToken": Fairhand.CSRF(), ...headers },
        body: JSON.stringify(body),
      });
    } catch {
      throw { status: 0, code: "offline", message: "", details: {} };
    }
    const content = await answer.json().catch(() => ({}));
    if (!answer.ok) throw { status: answer.status, code: "", message: "", details: {}, ...content };
    return content;
  };

  Fairhand.data = (id) => JSON.parse(document.getElementById(id).textContent);
})();
