import { initAll } from "../vendor/govuk-frontend/govuk-frontend.min.js";

initAll();

// A warning two minutes before the session ends, with a way to stay (WCAG 2.2.1).
const dialog = document.getElementById("timeout");
if (dialog) {
  const idle = Number(dialog.dataset.idleSeconds) * 1000;
  const form = dialog.querySelector("form");
  let warn, leave;

  const start = () => {
    clearTimeout(warn);
    clearTimeout(leave);
    warn = setTimeout(() => dialog.showModal(), idle - 120_000);
    leave = setTimeout(() => location.assign(dialog.dataset.timedOut), idle);
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
      if (answer.status !== 204) {
        location.assign(dialog.dataset.timedOut);
        return;
      }
      dialog.close();
      start();
    } catch {
      form.submit();
    }
  });

  start();
}

// A page shown again from the back-forward cache may belong to someone who has signed out.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
