// The Label Studio editor in the frame that editor.js makes: Fairhand.island(options) gives {show, result, clear}.
(() => {
  const Fairhand = (window.Fairhand = window.Fairhand || {});
  const PANELS = ["panel", "topbar", "annotations:current", "edit-history"]; // without "controls": handing in is the page's business
  const REGIONS = /<(\w*Labels|Rectangle|Ellipse|Polygon|KeyPoint|Brush|Bitmask|Vector|VideoRectangle|Relations)\b/; // what a list of regions is for
  const LOOK_EVERY = 1000; // milliseconds between looks at whether something changed
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
    const result = () => annotation()?.serializeAnnotation() ?? [];

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
          user: options.user ?? { id: 1 },
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
    function watch() {
      clearInterval(state.watched);
      state.seen = JSON.stringify(result());
      state.touched = 0;
      if (!options.onChange) return;
      state.watched = setInterval(() => {
        if (!state.touched || !annotation() || annotation().isDrawing) return;
        state.touched -= 1;
        const now = JSON.stringify(result());
        if (now === state.seen) return;
        state.seen = now;
        options.onChange(JSON.parse(now));
      }, LOOK_EVERY);
    }

    for (const kind of ["pointermove", "pointerdown", "pointerup", "keydown", "input", "wheel", "scroll", "touchstart"])
      window.addEventListener(kind, () => { state.touched = 2; options.onActive?.(); }, { passive: true, capture: true });
    window.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !options.onHandIn) return;
      event.preventDefault();
      event.stopPropagation();
      document.activeElement?.blur?.(); // a text being typed is kept when its field is left
      setTimeout(() => options.onHandIn(), 0);
    }, { capture: true });
    new MutationObserver(repair).observe(document.body, {
      childList: true,
      subtree: true,
      attributeFilter: ["role", "tabindex", "aria-expanded", "aria-controls", "aria-owns", "aria-activedescendant"],
    });

    return {
      async show(task) {
        clearInterval(state.watched);
        if (state.store) replace(task);
        else await create(task);
        watch();
      },
      result,
      clear() { clearInterval(state.watched); },
    };
  };
})();
