// Ticks and shortcuts. Every page works without this file. Hooks in the markup:
//   [data-select-all=NAME]  ticks all checkboxes NAME;  [data-selection-count], [data-when-selected]
//   [data-pages]            a list that pages swap: ticks survive paging, not another search
//   [data-kept]             the field that sends what is ticked on other pages
//   [data-select-group]     ticks the checkboxes of its .picker__group, those that a search left
//   [data-filters=ID]       a search in a list;  [data-none] says in it that nothing was found
//   [data-count="{count} of {total}"]  says how many of a group, or of a whole .picker, are ticked
//   [data-select-view=N]    a tick that selects all N that match;  [data-clear-ticks] a button
//   [data-key=k]            a link or button that key k presses;  [data-go=k] the same after "g"
//   [data-reveal=ID]        a button that shows and hides what is typed into a password field
(() => {
  "use strict";

  const body = document.body;
  const topLayer = () => ["dialog", "panel"].map((id) => document.getElementById(id)).find((layer) => layer?.open);

  // ---------------------------------------------------------------- ticks
  let lastTick = null;

  const ticksOf = (all) => [...document.querySelectorAll(`input[type='checkbox'][name='${all.dataset.selectAll}']`)];

  const groupTicks = (tick) => [...tick.closest(".picker__group").querySelectorAll("input[name]")];

  function updateGroups() {
    for (const tick of document.querySelectorAll("[data-select-group]")) {
      const ticks = groupTicks(tick);
      const count = ticks.filter((one) => one.checked).length;
      tick.checked = count > 0 && count === ticks.length;
      tick.indeterminate = count > 0 && count < ticks.length;
      tell(tick.parentElement.querySelector("[data-count]"), count, ticks.length);
    }
    for (const told of document.querySelectorAll(".picker__head [data-count]")) {
      tell(told, told.closest(".picker").querySelectorAll("input[name]:checked").length);
    }
  }

  function tell(element, count, total = 0) {
    if (element) element.textContent = element.dataset.count.replace("{count}", count).replace("{total}", total);
  }

  const kept = new Set(); // values ticked, also on pages that are not shown
  let keepsView = false;
  const viewTick = () => document.querySelector("[data-select-view]");

  function updateTicks() {
    const view = viewTick();
    updateGroups();
    for (const all of document.querySelectorAll("[data-select-all]")) {
      const ticks = ticksOf(all);
      const elsewhere = [...kept].filter((value) => !ticks.some((tick) => tick.value === value));
      const here = ticks.filter((tick) => tick.checked).length;
      const count = view?.checked ? view.dataset.selectView : here + elsewhere.length;
      all.checked = here > 0 && here === ticks.length;
      all.indeterminate = here > 0 && here < ticks.length;
      for (const tick of ticks) tick.closest("tr")?.classList.toggle("is-selected", tick.checked);
      for (const field of document.querySelectorAll("[data-kept]")) field.value = elsewhere.join(",");
      for (const element of document.querySelectorAll("[data-selection-count]")) element.textContent = count;
      for (const element of document.querySelectorAll("[data-when-selected]")) {
        element.hidden = (element.dataset.whenSelected === "none") !== (count === 0);
      }
      document.getElementById("main").classList.toggle("has-selection", count !== 0);
    }
  }

  function clearTicks() {
    kept.clear();
    if (viewTick()) viewTick().checked = false;
    setTicks([...document.querySelectorAll("main .tick:checked:not([data-select-all])")], false);
  }

  // Ticks of a list survive its own paging and sorting; another search is another list.
  function keepTicks(list, source) {
    kept.clear();
    keepsView = list.contains(source) && Boolean(viewTick()?.checked);
    if (!list.contains(source)) return;
    for (const value of document.querySelector("[data-kept]")?.value.split(",") || []) if (value) kept.add(value);
    for (const tick of list.querySelectorAll("tbody .tick:checked")) kept.add(tick.value);
  }

  function restoreTicks(list) {
    if (viewTick()) viewTick().checked = keepsView;
    for (const tick of list.querySelectorAll("tbody .tick")) {
      tick.checked = keepsView || kept.has(tick.value);
      kept.delete(tick.value);
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
    else if (field.matches("[data-select-group]")) setTicks(groupTicks(field).filter((tick) => !tick.closest("[hidden]")), field.checked);
    else if (field.matches("[data-select-view]") && field.checked) setTicks([...document.querySelectorAll("tbody .tick")], true);
    else if (field.matches("[type='checkbox']")) {
      if (field.matches("tbody .tick") && !field.checked && viewTick()) viewTick().checked = false;
      updateTicks();
    }
    if (field.id === "id_theme") document.documentElement.dataset.theme = field.value;
  });
  // What is searched for may stand in the name of an entry or in that of its group.
  document.addEventListener("input", (event) => {
    const list = document.getElementById(event.target.dataset?.filters);
    if (!list) return;
    const word = event.target.value.trim().toLowerCase();
    let isFound = false;
    for (const group of list.querySelectorAll(".picker__group")) {
      const entries = [...group.querySelectorAll(".check:not(.check--strong)")];
      const isOfGroup = group.getAttribute("aria-label")?.toLowerCase().includes(word);
      for (const entry of entries) entry.hidden = !isOfGroup && !entry.textContent.toLowerCase().includes(word);
      group.hidden = entries.every((entry) => entry.hidden);
      isFound ||= !group.hidden;
    }
    for (const none of list.querySelectorAll("[data-none]")) none.textContent = isFound ? "" : none.dataset.none;
  });
  // All that match are sent as just that, ticks of other pages as one field.
  document.addEventListener("formdata", ({ target, formData }) => {
    if (!target.querySelector("[data-kept]")) return;
    const ids = [...formData.getAll("id"), ...formData.getAll("ids")].filter(Boolean);
    formData.delete("id");
    formData.delete("ids");
    if (formData.get("scope") !== "view") formData.set("ids", ids.join(","));
  });
  body.addEventListener("htmx:beforeSwap", (event) => {
    const { target, requestConfig } = event.detail;
    if (target.matches("[data-pages]")) keepTicks(target, requestConfig.elt);
  });
  body.addEventListener("htmx:afterSwap", () => {
    const list = document.querySelector("[data-pages]");
    if (list && !list.dataset.pages) {
      list.dataset.pages = "restored";
      restoreTicks(list);
    }
    updateTicks();
  });
  const firstList = document.querySelector("[data-pages]");
  if (firstList) firstList.dataset.pages = "restored";
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
    const button = scope?.querySelector("form .btn--primary[type='submit']") || scope?.querySelector("form [type='submit']");
    button?.click();
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
      return clearTicks();
    }
    const isTyping = event.target.closest("input:not([type='checkbox'], [type='radio']), textarea, select, [contenteditable]");
    const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
    if (isTyping || hasModifier || !body.dataset.user || body.dataset.shortcuts === "off") return;
    if (event.key.length === 1) singleKey(event);
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-shortcuts]")) keys["?"]();
    if (event.target.closest("[data-clear-ticks]")) clearTicks();
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
