// When a passkey could not be made or used, say so on the page. django-allauth tells by an event, and would only write to the console.
document.addEventListener("allauth.error", (event) => {
  const place = document.getElementById("key-trouble");
  if (!place) return;
  event.preventDefault();
  place.textContent = place.dataset.text;
  place.hidden = false;
  place.scrollIntoView({ block: "nearest" });
});
