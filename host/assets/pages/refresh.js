// Shows what has changed without a reload: the page is asked for again and its parts are put in place. Without this file
// every page reads the same and is as old as its loading.
(() => {
  "use strict";
  const EVERY_MILLISECONDS = 5000;
  const place = document.querySelector(".bar .state");
  if (!place || !window.DOMParser) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Live";
  button.className = "live";
  button.setAttribute("aria-pressed", "true");
  button.title = "Stop or go on showing changes as they happen";
  place.append(button);
  let timer = 0;

  const isBusy = () => {
    const selection = window.getSelection();
    return document.hidden || (selection && !selection.isCollapsed);
  };

  // Whoever moves by keyboard stays where they are.
  const replace = (selector, page) => {
    const [now, next] = [document.querySelector(selector), page.querySelector(selector)];
    if (!now || !next || now.innerHTML === next.innerHTML) return;
    const focused = now.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    now.innerHTML = next.innerHTML;
    if (focused) {
      const again = [...now.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused);
      if (again) again.focus({ preventScroll: true });
    }
  };

  // Goes up when somebody stops or goes on: what was asked for before that is no longer wanted.
  let turn = 0;
  const refresh = async () => {
    const mine = turn;
    let told = button.textContent;
    if (!isBusy()) {
      try {
        const answer = await fetch(location.href, { credentials: "same-origin" });
        const text = await answer.text();
        if (mine !== turn) return;
        if (answer.ok) {
          const page = new DOMParser().parseFromString(text, "text/html");
          replace("main", page);
          replace("#verdict", page);
          document.title = page.title;
        }
        told = answer.ok ? "Live" : `Answer ${answer.status}`;
      } catch {
        told = "Not reachable";
      }
    }
    if (mine !== turn) return;
    button.textContent = told;
    timer = window.setTimeout(refresh, EVERY_MILLISECONDS);
  };

  button.addEventListener("click", () => {
    const goes = button.getAttribute("aria-pressed") === "true";
    button.setAttribute("aria-pressed", String(!goes));
    button.classList.toggle("live", !goes);
    button.textContent = goes ? "Paused" : "Live";
    window.clearTimeout(timer);
    turn += 1;
    if (!goes) refresh();
  });
  timer = window.setTimeout(refresh, EVERY_MILLISECONDS);
})();
