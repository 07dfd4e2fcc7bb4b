// An answer as it was given, in the editor, where nothing can be changed. Without this script, the page shows it as data.
(() => {
  const root = document.getElementById("editor");
  const shown = window.Fairhand.data("shown");
  const { interface: xml, address, title, ...task } = shown;
  const editor = window.Fairhand.editor(root, { interface: xml, address, title, readonly: true });
  editor.show(task).then(() => { root.dataset.shown = "yes"; }).catch(() => {
    root.replaceChildren(shown.failed);
    document.getElementById("as-data").open = true;
  });
})();
