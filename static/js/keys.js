// Ticks and shortcuts. Every page works without this file. Hooks in the markup:
//   [data-select-all=NAME]  ticks all checkboxes NAME;  [data-selection-count], [data-when-selected]
//   [data-key=k]            a link or button that key k presses;  [data-go=k] the same after "g"
//   [data-reveal=ID]        a button that shows and hides what is typed into a password field
(() => {
  "use strict";

  const body = document.body;
  const topLayer = () => ["dialog", "panel"].map((id) => document.getElementById(id)).find((layer) => layer?.open);

  // ---------------------------------------------------------------- ticks
  let lastTick = null;

  const ticksOf = (all) => [...document.querySelectorAll(`input[type='checkbox'][name='${all.dataset.selectAll}']`)];

  function updateTicks() {
    for (const all of document.querySelectorAll("[data-select-all]")) {
      const ticks = ticksOf(all);
      const count = ticks.filter((tick) => tick.checked).length;
      all.checked = count > 0 && count === ticks.length;
      all.indeterminate = count > 0 && count < ticks.length;
      for (const tick of ticks) tick.closest("tr")?.classList.toggle("is-selected", tick.checked);
      for (const element of document.querySelectorAll("[data-selection-count]")) element.textContent = count;
      for (const element of document.querySelectorAll("[data-when-selected]")) {
        element.hidden = (element.dataset.whenSelected === "none") !== (count === 0);
      }
    }
  }

  function setTicks(ticks, isChecked) {
    for (const tick of ticks) {
      if (tick.checked === isChecked) continue;
      tick.checked = isChecked;
      tick.dispatchEvent(new Event("change", { bubbles: true }));
    }
    updateTicks();
  }

  function tickRange(tick) {
    const ticks = [...document.querySelectorAll(`input[name='${tick.name}']`)];
    const [from, to] = [ticks.indexOf(lastTick), ticks.indexOf(tick)].sort((a, b) => a - b);
    setTicks(ticks.slice(Math.max(from, 0), to + 1), true);
  }

  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.matches("[data-select-all]")) setTicks(ticksOf(field), field.checked);
    else if (field.matches("[type='checkbox']")) updateTicks();
    if (field.id === "id_theme") document.documentElement.dataset.theme = field.value;
  });
  body.addEventListener("htmx:afterSwap", updateTicks);
  updateTicks();

  // ---------------------------------------------------------------- keyboard
  let isAfterG = false;

  const rows = () => [...document.querySelectorAll("main tbody tr")].filter((row) => row.querySelector("th a, td a"));

  function moveRow(step) {
    const all = rows();
    const next = all[all.indexOf(document.activeElement.closest("tr")) + step] || (step > 0 ? all[0] : null);
    next?.querySelector("th a, td a").focus();
  }

  function tickRow(isRange) {
    const tick = document.activeElement.closest("tr")?.querySelector(".tick");
    if (!tick) return;
    if (isRange && lastTick) tickRange(tick);
    else tick.click();
    lastTick = tick;
  }

  function pressKey(key) {
    const scope = topLayer() || document;
    [...scope.querySelectorAll("[data-key]")].find((element) => element.dataset.key === key)?.click();
  }

  const keys = {
    "/": () => document.querySelector("main [data-search], [data-search]")?.focus(),
    "?": () => document.getElementById("shortcuts")?.showModal(),
    j: () => moveRow(1),
    k: () => moveRow(-1),
    x: () => tickRow(false),
    X: () => tickRow(true),
  };

  function sendTopForm() {
    const scope = topLayer() || document.activeElement.closest("form")?.parentElement;
    scope?.querySelector("form [type='submit'].btn--primary, form [type='submit']")?.click();
  }

  function singleKey(event) {
    const inLayer = topLayer() || document.querySelector("dialog:modal");
    if (isAfterG) {
      isAfterG = false;
      document.querySelector(`[data-go='${CSS.escape(event.key)}']`)?.click();
    } else if (event.key === "g" && !inLayer) {
      isAfterG = true;
      setTimeout(() => (isAfterG = false), 1500);
    } else if (keys[event.key] && !inLayer) {
      event.preventDefault();
      keys[event.key]();
    } else {
      pressKey(event.key);
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return sendTopForm();
    if (event.key === "Escape" && !document.querySelector("dialog:modal, :popover-open")) {
      return setTicks([...document.querySelectorAll("main .tick:checked:not([data-select-all])")], false);
    }
    const isTyping = event.target.closest("input:not([type='checkbox'], [type='radio']), textarea, select, [contenteditable]");
    const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
    if (isTyping || hasModifier || !body.dataset.user || body.dataset.shortcuts === "off") return;
    if (event.key.length === 1) singleKey(event);
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-shortcuts]")) keys["?"]();
    const reveal = event.target.closest("[data-reveal]");
    if (reveal) {
      const field = document.getElementById(reveal.dataset.reveal);
      const isShown = field.type === "password";
      field.type = isShown ? "text" : "password";
      reveal.setAttribute("aria-pressed", String(isShown));
    }
  });
  for (const reveal of document.querySelectorAll("[data-reveal]")) reveal.hidden = false;
})();
