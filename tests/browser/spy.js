// What a script in the editor's frame could try; it answers with its origin and what worked. `skipped` names what is not tried.
async (skipped) => {
  const elsewhere = "https://evil.example/";
  const add = (name, fields) => {
    const element = Object.assign(document.createElement(name), fields);
    (document.head ?? document.documentElement).append(element);
    return element;
  };
  const heard = (name, fields, check = () => "loaded") =>
    new Promise((resolve, reject) => {
      const element = add(name, fields);
      element.onload = () => { try { resolve(check(element)); } catch (error) { reject(error); } };
      element.onerror = reject;
      setTimeout(reject, 1500);
    });
  const tries = {
    cookie: () => document.cookie,
    storage: () => localStorage.getItem("planted") ?? sessionStorage.getItem("planted"),
    parent: () => parent !== self && (parent.document.cookie || "reached"),
    top: () => top !== self && (top.document.body.innerText || "reached"),
    opener: () => self.opener && self.opener.document,
    me: async () => (await fetch("/api/v1/me", { credentials: "include" })).text(),
    me_unread: async () => (await fetch("/api/v1/me", { credentials: "include", mode: "no-cors" })).type !== "opaque",
    me_by_xhr: () =>
      new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.open("GET", "/api/v1/me");
        request.withCredentials = true;
        request.onload = () => resolve(request.responseText || "empty");
        request.onerror = reject;
        request.send();
      }),
    page: async () => (await fetch("/account/", { credentials: "include" })).text(),
    frame: () => heard("iframe", { src: "/account/" }, (frame) => frame.contentDocument && frame.contentDocument.body.innerText),
    script: () => heard("script", { src: "/static/django_htmx/htmx-2.min.js" }),
    inline: () => add("script", { textContent: "self.inline = 1" }) && self.inline,
    code: () => eval("1"),
    window: () => open("/account/"),
    worker: () => navigator.serviceWorker?.register("/static/tasks/clock.js"),
    database: () =>
      new Promise((resolve, reject) => {
        const asked = indexedDB.open("x");
        asked.onsuccess = () => resolve("open");
        asked.onerror = reject;
      }),
    elsewhere: async () => (await fetch(elsewhere, { mode: "no-cors" })).type,
    picture: () => heard("img", { src: `${elsewhere}x.png` }),
    calls: () => self.RTCPeerConnection || self.webkitRTCPeerConnection || self.WebTransport,
    calls_again: () => delete self.RTCPeerConnection && self.RTCPeerConnection,
    calls_in_a_frame: () => add("iframe", {}).contentWindow?.RTCPeerConnection,
    calls_in_a_text: async () => {
      const said = new Promise((resolve, reject) => {
        addEventListener("message", (event) => event.data.calls && resolve(event.data.calls));
        setTimeout(reject, 1000);
      });
      add("iframe", { srcdoc: "<script>parent.postMessage({calls: typeof RTCPeerConnection}, '*')</script>" });
      return said;
    },
    form: () => { add("form", { action: elsewhere }).submit(); },
    leave: () => { top.location = elsewhere; },
  };
  const found = {};
  for (const [name, attempt] of Object.entries(tries)) {
    if (skipped.includes(name)) continue;
    try {
      const got = await attempt();
      if (got) found[name] = String(got).slice(0, 80);
    } catch { /* as it should be */ }
  }
  return [self.origin, found];
}
