// How long a guideline has been open, as it is being credited. The server's clock decides; this one only shows.
(() => {
  const show = () => {
    for (const place of document.querySelectorAll(".counting")) {
      const limit = Number(place.dataset.limit);
      const seconds = Math.min(limit, Math.max(0, Math.floor((Date.now() - Date.parse(place.dataset.began)) / 1000)));
      place.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    }
  };
  setInterval(show, 1000);
  document.addEventListener("htmx:afterSwap", show);
  show();
})();
