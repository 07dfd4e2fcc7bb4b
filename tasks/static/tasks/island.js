// The Label Studio editor in the frame that editor.js makes: Fairhand.island(options) gives {show, result, clear}. The frame has no origin:
// no cookie, no storage and no request of its own says who looks at it. It is told what to show by message, and says by message what was made.
(() => {
  const Fairhand = (window.Fairhand = window.Fairhand || {});
  const PANELS = ["panel", "topbar", "annotations:current", "edit-history"]; // without "controls": handing in is the page's business
  const REGIONS = /<(\w*Labels|Rectangle|Ellipse|Polygon|KeyPoint|Brush|Bitmask|Vector|VideoRectangle|Relations)\b/; // what a list of regions is for
  const LOOK_EVERY = 1000; // milliseconds between looks at whether something changed
  const ACTIVE_EVERY = 500; // milliseconds between two messages that say a person is there
  const root = document.getElementById("editor");

  // What the editor draws and a screen reader could not use is repaired after each change of its tree (WCAG 2.2; decision 10 lists it).
  function repair() {
    const all = (selector) => document.body.querySelectorAll(selector); // its menus hang on the body
    let level = 2; // headings go down one level at a time
    for (const heading of all("h1, h2, h3, h4, h5, h6")) {
      level = Math.min(Number(heading.tagName[1]), level + 1);
      set(heading, "aria-level", String(level));
    }
    for (const item of all("[role=radiogroup] > li")) set(item, "role", "none");
    for (const card of all("[data-rbd-drag-handle-draggable-id][role=button]")) set(card, "role", "group"); // it has a button inside
    for (const one of all("[tabindex]")) if (one.tabIndex > 0) set(one, "tabindex", "0");
    for (const box of all("[role=combobox]")) {
      if (!box.hasAttribute("aria-expanded")) set(box, "aria-expanded", "false");
      for (const name of ["aria-controls", "aria-owns", "aria-activedescendant"])
        if (box.hasAttribute(name) && !document.getElementById(box.getAttribute(name))) box.removeAttribute(name);
    }
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
  function set(element, name, value) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }

  Fairhand.island = (options) => {
    const state = { store: null, watched: null, seen: "", touched: 0 };
    const annotation = () => state.store?.annotationStore?.selected;
    const result = () => JSON.parse(JSON.stringify(annotation()?.serializeAnnotation() ?? [])); // as data: what the editor gives has its own objects in it

    // What the person starts from: their own draft, else the suggestion as a copy they may change, else nothing.
    function begin(task) {
      const store = state.store.annotationStore;
      const own = () => store.annotations[0] ?? store.addAnnotation({ userGenerate: true });
      const suggested = !task.draft && !options.readonly && store.predictions[0];
      store.selectAnnotation((suggested ? store.addAnnotationFromPrediction(suggested) : own()).id);
      if (options.readonly) store.selected.setReadonly(true);
    }

    function contents(task) {
      const id = task.number ?? 1; // the editor's own ids are numbers
      const annotations = task.draft ? [{ id, result: task.draft }] : [];
      const predictions = task.prelabel && !task.draft ? [{ id, result: task.prelabel }] : [];
      return { id, data: task.payload, annotations, predictions };
    }

    function create(task) {
      return new Promise((resolve, reject) => {
        const ready = (store) => {
          state.store = store;
          try { begin(task); resolve(); } catch (error) { reject(error); }
        };
        new window.LabelStudio(root, {
          config: options.interface,
          task: contents(task),
          user: { id: 1 }, // the editor wants one; who it is, nothing in this frame knows
          interfaces: REGIONS.test(options.interface) ? [...PANELS, "side-column"] : PANELS,
          settings: { bottomSidePanel: false, fullscreen: false, hotkeys: true, panel: true, tooltips: true },
          onStorageInitialized: (store) => setTimeout(ready, 0, store),
        });
      });
    }

    // The next task goes into the same editor, as its own wrapper for React does it: building a new one takes several times as long.
    function replace(task) {
      const whole = contents(task);
      state.store.resetState();
      state.store.assignTask(whole);
      state.store.initializeStore(whole);
      begin(task);
    }

    // Whoever works moves the pointer or types: without that nothing is compared, and a person who reads costs nothing.
    function look() {
      if (!state.touched || !annotation() || annotation().isDrawing) return;
      state.touched -= 1;
      const now = JSON.stringify(result());
      if (now === state.seen) return;
      state.seen = now;
      options.onChange?.(JSON.parse(now));
    }
    function watch() {
      clearInterval(state.watched);
      state.seen = JSON.stringify(result());
      state.touched = 0;
      state.watched = setInterval(() => {
        if ([...document.querySelectorAll("audio, video")].some((media) => !media.paused && !media.ended)) options.onPlaying?.();
        look();
      }, LOOK_EVERY);
    }
    window.addEventListener("blur", look); // whoever goes on to the page around has finished something

    for (const kind of ["pointermove", "pointerdown", "pointerup", "keydown", "input", "wheel", "scroll", "touchstart"])
      window.addEventListener(kind, () => { state.touched = 2; options.onActive?.(); }, { passive: true, capture: true });
    window.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !options.onHandIn) return;
      event.preventDefault();
      event.stopPropagation();
      document.activeElement?.blur?.(); // a text being typed is kept when its field is left
      setTimeout(() => options.onHandIn(), 0);
    }, { capture: true });
    // A link in a text would take the editor's place, or be shut out. Who wants to follow it has the browser's own menu.
    window.addEventListener("click", (event) => { if (event.target.closest?.("a[href]:not([href^='#'])")) event.preventDefault(); }, { capture: true });
    new MutationObserver(repair).observe(document.body, {
      childList: true,
      subtree: true,
      attributeFilter: ["role", "tabindex", "aria-expanded", "aria-controls", "aria-owns", "aria-activedescendant"],
    });

    return {
      async show(task, readonly) {
        clearInterval(state.watched);
        options.readonly = readonly;
        if (state.store) replace(task);
        else await create(task);
        watch();
      },
      result,
      clear() { clearInterval(state.watched); },
    };
  };

  // ---- what the page around asks for, and what it is told ----

  const OUTSIDE = new URL(location.href).origin; // this document has none, its address does
  const script = document.currentScript;
  const here = { island: null, number: 0, told: 0, blobs: [] };
  const tell = (fairhand, more = {}) => parent.postMessage({ fairhand, number: here.number, ...more }, OUTSIDE);

  // The editor itself, which the page around has from its cache: a frame without an origin has none.
  function load({ code, style }) {
    document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
    document.head.append(Object.assign(document.createElement("script"), { nonce: script.nonce, textContent: code }));
  }
  function active() {
    if (Date.now() - here.told < ACTIVE_EVERY) return;
    here.told = Date.now();
    tell("active");
  }

  // Pictures that came along with a task are shown from memory.
  function withBlobs(value, files) {
    if (typeof value === "string" && files.has(value)) {
      here.blobs.push(URL.createObjectURL(files.get(value)));
      return here.blobs.at(-1);
    }
    if (Array.isArray(value)) return value.map((one) => withBlobs(one, files));
    if (!value || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withBlobs(one, files)]));
  }

  async function show({ number, task, readonly, options, files }) {
    const before = here.blobs;
    here.number = number;
    here.blobs = [];
    here.island ??= Fairhand.island({
      ...options,
      onChange: (made) => tell("change", { result: made }),
      onActive: active,
      onPlaying: () => tell("playing"),
      onHandIn: () => tell("submit"),
    });
    await here.island.show({ ...task, payload: withBlobs(task.payload, files) }, readonly);
    before.forEach((address) => URL.revokeObjectURL(address));
    tell("shown", { result: here.island.result() });
  }

  const ASKED = {
    load: async (told) => { load(told); tell("loaded"); },
    show,
    answer: async ({ call }) => tell("answer", { call, result: here.island?.result() ?? [] }),
    clear: async () => here.island?.clear(),
  };
  window.addEventListener("message", (event) => {
    if (event.source !== parent || event.origin !== OUTSIDE) return;
    ASKED[event.data?.fairhand]?.(event.data).catch((error) => {
      console.error(error);
      tell("failed", { call: event.data.call });
    });
  });
  if (parent !== window) tell("ready");
})();
