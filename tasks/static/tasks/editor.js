// One task in front of a person: the Label Studio editor, or a requester's own page, behind one small interface. Both live in a frame
// without an origin and speak by message: what they show comes from somebody else, and a script in it must find nobody's session.
//   const editor = Fairhand.editor(root, {interface, frame, title, address, readonly, onChange, onAnswer, onActive, onHandIn})
//   await editor.show({id, payload, prelabel, draft, frame_address})   puts a task there, in place of the one before
//   editor.result()          what the person has made, in the editor's result format, as last heard: up to a second old
//   await editor.answer()    what they have made now; null when the page in the frame has fields that must be filled in first
//   editor.prepare(payload)  loads the pictures of a task that will be shown later
//   editor.playing()         does sound or film run in it?
//   editor.focus()           the keys now go to the task
//   editor.clear()           nothing is shown any more
// onChange(result) follows the work, onActive() each sign of a person, onHandIn() the keys Ctrl+Enter, onAnswer(result) a page's own form.
(() => {
  const Fairhand = (window.Fairhand = window.Fairhand || {});
  const ANSWER_WITHIN = 1000; // milliseconds; a page that does not listen is judged by what it said last
  const READY_WITHIN = 10_000; // milliseconds from the frame's page to the editor's first word
  const PLAYING_FOR = 2500; // milliseconds for which a word of something playing holds; it is said each second
  const KEPT_MAX = 50; // pictures kept in memory for tasks to come
  const { code, styles } = document.currentScript.dataset; // where the editor's own script and style sheets are

  function framed(root, options) {
    const element = document.createElement("iframe");
    element.title = options.title;
    root.replaceChildren(element);
    return element;
  }

  // The frame has no origin, so that its browser keeps nothing for it: the editor's five megabytes come from this page's cache instead.
  async function parts() {
    const text = async (address) => {
      const answer = await fetch(address);
      if (!answer.ok) throw new Error("The editor did not load.");
      return answer.text();
    };
    const sheet = async (address) => {
      const base = new URL(".", new URL(address, location.href));
      return (await text(address)).replace(/url\((["']?)(?!["']?(?:data:|https?:|\/|#))/g, `url($1${base}`);
    };
    const [script, ...sheets] = await Promise.all([text(code), ...styles.split(" ").map(sheet)]);
    return { code: script, style: sheets.join("\n") };
  }

  // Pictures kept here, by address: fetched once, by this page, and handed to the frame as bytes.
  function pictures() {
    const kept = new Map();
    const addresses = (value) => (typeof value === "string" ? (value.startsWith("/files/") ? [value] : []) : value && typeof value === "object" ? Object.values(value).flatMap(addresses) : []);
    return {
      prepare(payload) {
        for (const address of addresses(payload)) {
          if (kept.size >= KEPT_MAX) kept.delete(kept.keys().next().value);
          const stop = new AbortController();
          fetch(address, { signal: stop.signal }).then(async (answer) => {
            if (answer.ok && answer.headers.get("Content-Type").startsWith("image/")) kept.set(address, await answer.blob());
            else stop.abort(); // sound and film are read as they play
          }).catch(() => {});
        }
      },
      of(payload) {
        const found = new Map();
        for (const address of addresses(payload)) {
          if (kept.has(address)) found.set(address, kept.get(address));
          kept.delete(address);
        }
        return found;
      },
    };
  }

  // The editor, in a page of ours: `address` is where it may load its media from (see pages/workspace.py).
  function labelStudio(root, options) {
    const element = framed(root, options);
    element.setAttribute("sandbox", "allow-scripts allow-forms"); // its text fields are forms, which its policy lets lead nowhere
    const state = { latest: [], number: 0, played: -Infinity, waiting: new Map(), kept: pictures() };
    const tell = (fairhand, more) => element.contentWindow.postMessage({ fairhand, ...more }, "*"); // what has no origin cannot be named
    const settle = (what, how, value) => { state.waiting.get(what)?.[how](value); state.waiting.delete(what); };
    const waited = (what) => new Promise((resolve, reject) => state.waiting.set(what, { resolve, reject }));
    // Nothing more is heard of the task before: who waits for it to stand there goes on, who waits for its answer gets none.
    function turn() {
      for (const what of [...state.waiting.keys()]) {
        if (typeof what === "number") settle(what, "resolve");
        else if (what.startsWith("answer")) settle(what, "reject", new Error("Another task is shown."));
      }
      state.latest = [];
      return (state.number += 1);
    }

    window.addEventListener("message", (event) => {
      if (event.source !== element.contentWindow || event.origin !== "null" || !event.data || typeof event.data !== "object") return;
      const { fairhand, number, call, result } = event.data;
      if (fairhand === "active") options.onActive?.();
      if (fairhand === "playing") state.played = performance.now();
      if (fairhand === "ready" || fairhand === "loaded") settle(fairhand, "resolve");
      if (number !== state.number) return; // of a task that is not shown any more
      if (fairhand === "failed") settle(call ?? number, "reject", new Error("The editor did not show the task."));
      if (fairhand === "submit") options.onHandIn?.();
      if (!Array.isArray(result)) return;
      state.latest = result;
      if (fairhand === "change") options.onChange?.(result);
      if (fairhand === "shown") settle(number, "resolve");
      if (fairhand === "answer") settle(call, "resolve", result);
    });
    const ready = waited("ready");
    element.addEventListener("load", () => setTimeout(() => settle("ready", "reject", new Error("The editor did not load.")), READY_WITHIN), { once: true });
    element.src = options.address ?? "/editor/";
    const loaded = Promise.all([parts(), ready]).then(([found]) => { tell("load", found); return waited("loaded"); });
    loaded.catch(() => {}); // said by each show

    return {
      element,
      async show(task) {
        const number = turn();
        await loaded;
        if (number !== state.number) return;
        const { interface: config, readonly } = options;
        const shown = waited(number);
        tell("show", { number, call: number, task, readonly, options: { interface: config, readonly }, files: state.kept.of(task.payload) });
        await shown;
      },
      result: () => state.latest,
      async answer() {
        await loaded;
        const call = `answer ${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
        const answer = waited(call);
        tell("answer", { call });
        return answer;
      },
      prepare: state.kept.prepare,
      playing: () => performance.now() - state.played < PLAYING_FOR,
      focus: () => element.focus(),
      clear() { turn(); loaded.then(() => tell("clear")).catch(() => {}); },
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
      prepare() {},
      playing: () => false,
      focus: () => element.focus(),
      clear() { state.latest = null; element.src = "about:blank"; },
    };
  }

  Fairhand.editor = (root, options) => (options.frame ? ownPage(root, options) : labelStudio(root, options));
  // The cookie, not the page's own field: signing in again in another tab changes it.
  Fairhand.CSRF = () => document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/)?.[1] ?? "";

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
