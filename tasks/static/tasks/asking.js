// The dialogs for asking and flagging follow the task in hand; opening the questions says that the answers are read.
(() => {
  const asking = document.getElementById("asking");
  let task = null;
  document.addEventListener("fairhand:task", ({ detail }) => {
    task = detail.id;
    asking.hidden = !task;
    for (const id of ["ask-dialog", "flag-dialog"]) document.getElementById(id).close();
    window.htmx.ajax("GET", task ? `${asking.dataset.address}${task}/` : asking.dataset.address, "#ask-body");
  });
  document.getElementById("ask-button").addEventListener("click", () => {
    if (task && document.getElementById("asked")) window.htmx.ajax("POST", `${asking.dataset.address}${task}/asked/`, { target: "#asked", swap: "outerHTML" });
  });
})();
