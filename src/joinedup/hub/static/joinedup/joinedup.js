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

// While agencies still answer, look again by itself: soon at first, then less often, for two
// minutes. Without scripts, and after that, "Check again" does the same.
const waits = [1, 1, 2, 3, 5, 8, 13, 21, 30, 36];
const told = document.createElement("p");  // what a screen reader says when there is news
told.setAttribute("role", "status");
told.className = "govuk-visually-hidden";
const lookAgain = async () => {
  const live = document.querySelector("#live[data-waiting]");
  if (!live) return;
  try {
    const answer = await fetch(location.href);
    if (answer.redirected) return location.reload();
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("live");
    // Nobody loses their place: what somebody is at is left alone until the next look.
    if (fresh && !live.contains(document.activeElement)) {
      live.replaceWith(document.adoptNode(fresh));
      told.textContent = fresh.querySelector(".joinedup-progress")?.innerText ?? "The record is here";
    }
  } catch {
    // Away for a moment: the next look, or the link, finds out.
  }
  planLook();
};
const planLook = () => {
  const wait = waits.shift();
  if (wait && document.querySelector("#live[data-waiting]")) setTimeout(lookAgain, wait * 1000);
};
document.querySelector("main")?.append(told);
planLook();
