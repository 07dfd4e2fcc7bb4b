// One task in front of a person: the Label Studio editor, or a requester's own page in a sandboxed frame, behind one small interface.
//   const editor = Fairhand.editor(root, {interface, frame, user, readonly, onChange})
//   await editor.show({id, payload, prelabel, draft})   puts a task there, in place of the one before
//   editor.result()                                     what the person has made so far, in the editor's result format
//   await editor.answer()                               the same when they hand in (a frame is asked for its form)
(() => {
  const Fairhand = (window.Fairhand = window.Fairhand || {});
  const PANELS = ["panel", "topbar", "controls", "side-column", "annotations:current", "edit-history"];
  const CHANGE_EVERY = 1000; // milliseconds between looks at whether something changed

  // Labels of a control that the editor draws without a name a screen reader could say; given after each change of its tree.
  function nameUnlabelled(root) {
    for (const field of root.querySelectorAll("input, textarea, select, [role=combobox]")) {
      if (field.labels?.length || field.getAttribute("aria-label") || field.getAttribute("aria-labelledby")) continue;
      field.setAttribute("aria-label", field.placeholder || field.name || field.title || field.type || "field");
    }
    for (const button of root.querySelectorAll("button, [role=button], a")) {
      if (button.textContent.trim() || button.getAttribute("aria-label")) continue;
      const said = button.title || button.dataset.testid || button.className.toString().split(/[\s_-]+/).pop();
      button.setAttribute("aria-label", (said || "button").replace(/[-_]+/g, " "));
    }
    for (const image of root.querySelectorAll("img:not([alt])")) image.alt = "";
  }

  function labelStudio(root, options) {
    const state = { instance: null, store: null, watched: null, seen: "" };
    const annotation = () => state.store?.annotationStore?.selected;
    const result = () => annotation()?.serializeAnnotation() ?? [];

    // What the person starts from: their own draft, else the suggestion as a copy they may change, else nothing.
    function begin(task) {
      const store = state.store.annotationStore;
      if (task.draft || options.readonly) {
        const own = store.annotations[0] ?? store.addAnnotation({ userGenerate: true });
        store.selectAnnotation(own.id);
      } else if (store.predictions[0]) {
        store.selectAnnotation(store.addAnnotationFromPrediction(store.predictions[0]).id);
      } else {
        store.selectAnnotation((store.annotations[0] ?? store.addAnnotation({ userGenerate: true })).id);
      }
      if (options.readonly) store.selected.setReadOnly?.(true);
    }

    function contents(task) {
      const start = task.draft ? [{ id: `draft-${task.id}`, result: task.draft }] : [];
      const suggested = task.prelabel && !task.draft ? [{ id: `prelabel-${task.id}`, result: task.prelabel }] : [];
      return { id: task.number, data: task.payload, annotations: start, predictions: suggested };
    }

    function watch() {
      clearInterval(state.watched);
      state.seen = JSON.stringify(result());
      if (!options.onChange) return;
      state.watched = setInterval(() => {
        const drawing = annotation()?.isDrawing;
        if (!annotation() || drawing) return;
        const now = JSON.stringify(result());
        if (now === state.seen) return;
        state.seen = now;
        options.onChange(JSON.parse(now));
      }, CHANGE_EVERY);
    }

    function create(task) {
      return new Promise((resolve) => {
        state.instance = new window.LabelStudio(root, {
          config: options.interface,
          task: contents(task),
          user: options.user,
          interfaces: PANELS,
          settings: { bottomSidePanel: true, fullscreen: false, hotkeys: true, panel: true, tooltips: true },
          onStorageInitialized: (store) => setTimeout(() => { state.store = store; begin(task); resolve(); }, 0),
        });
      });
    }

    // The next task goes into the same editor: building a new one takes several times as long.
    function replace(task) {
      const { annotations, predictions, ...own } = contents(task);
      state.store.resetState();
      state.store.assignTask(own);
      state.store.initializeStore({ annotations, predictions });
      begin(task);
    }

    const names = new MutationObserver(() => nameUnlabelled(root));
    names.observe(root, { childList: true, subtree: true });
    return {
      async show(task) {
        clearInterval(state.watched);
        if (state.store) replace(task);
        else await create(task);
        watch();
      },
      result,
      answer: async () => result(),
      saved() { state.seen = JSON.stringify(result()); },
      clear() { clearInterval(state.watched); },
    };
  }

  // A requester's own HTML in a frame without an origin: it can neither read this page nor speak in its name. It answers by message.
  function frame(root, options) {
    const state = { task: null, latest: null, waiting: null };
    const element = document.createElement("iframe");
    element.title = options.title;
    element.setAttribute("sandbox", "allow-scripts allow-forms");
    element.height = options.frame.height;
    root.replaceChildren(element);
    const asResult = (answer) => [{ from_name: "form", to_name: "form", type: "form", value: { form: answer } }];

    window.addEventListener("message", (event) => {
      if (event.source !== element.contentWindow || typeof event.data !== "object" || !event.data) return;
      const { fairhand, answer } = event.data;
      if (!answer || typeof answer !== "object") return;
      state.latest = asResult(answer);
      if (fairhand === "draft") options.onChange?.(state.latest);
      if (fairhand === "answer") {
        if (state.waiting) state.waiting(state.latest);
        else options.onAnswer?.(state.latest);
      }
    });
    return {
      async show(task) {
        state.task = task;
        state.latest = task.draft;
        element.src = task.frame_address;
        await new Promise((resolve) => element.addEventListener("load", resolve, { once: true }));
        if (task.draft) element.contentWindow.postMessage({ fairhand: "fill", answer: task.draft[0]?.value?.form ?? {} }, "*");
      },
      result: () => state.latest ?? [],
      answer() {
        return new Promise((resolve) => {
          state.waiting = (found) => { state.waiting = null; resolve(found); };
          element.contentWindow.postMessage({ fairhand: "hand in" }, "*");
          setTimeout(() => state.waiting?.(state.latest ?? []), 1000); // a page that does not listen is judged by what it said last
        });
      },
      saved() {},
      clear() { element.src = "about:blank"; },
    };
  }

  Fairhand.editor = (root, options) => (options.frame ? frame(root, options) : labelStudio(root, options));
  Fairhand.CSRF = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

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
