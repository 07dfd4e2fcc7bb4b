// The clock of a page on which people work: how long since the last break, how much today, and the advice that follows, said once.
(() => {
  const clock = document.getElementById("clock");
  const advice = document.getElementById("clock-advice");
  if (!clock || !advice) return;
  const EVERY = 60_000; // milliseconds
  const part = (name, root = clock) => root.querySelector(`[data-clock="${name}"]`);
  const goOn = advice.querySelector("form");
  const state = { said: "", understood: "" };
  const write = (seconds) => `${Math.floor(seconds / 3600)}:${String(Math.floor(seconds / 60) % 60).padStart(2, "0")}`;

  function show(now) {
    for (const name of ["seconds_without_break", "seconds_today"]) part(name).textContent = write(now[name]);
    clock.hidden = false;
    if (now.advice === "go_on") state.understood = "";
    if (now.words !== state.said) { state.said = now.words; part("words", advice).textContent = now.words; }
    goOn.hidden = !now.may_go_on;
    part("dismiss", advice).hidden = now.stops;
    advice.classList.toggle("warning", now.stops);
    advice.hidden = !now.words || now.advice === state.understood;
    document.dispatchEvent(new CustomEvent("fairhand:clock", { detail: now }));
  }

  async function ask() {
    if (document.hidden) return;
    try {
      const answer = await fetch(clock.dataset.now, { headers: { Accept: "application/json" } });
      if (answer.ok && !answer.redirected) show(await answer.json());
    } catch { /* no connection: the page itself says so */ }
  }

  part("dismiss", advice).addEventListener("click", () => {
    state.understood = "take_a_break";
    advice.hidden = true;
    (document.getElementById("workspace") ?? document.getElementById("main")).focus();
  });
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("fairhand:ask-clock", ask);
  setInterval(ask, EVERY);
  ask();
})();
