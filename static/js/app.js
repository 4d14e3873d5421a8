// Layers, focus, unsaved text, toasts and what to do when an answer is not 200.
// Every page works as links and forms without this file. Hooks in the markup:
//   [data-close]            closes its layer; its href is where a layer opened by URL goes back to
//   [data-unguarded]        a form whose changes may be lost without asking
(() => {
  "use strict";

  const body = document.body;
  const layers = ["panel", "dialog"].map((id) => document.getElementById(id)).filter(Boolean);
  const [panel, dialog] = layers;
  const toasts = document.getElementById("toasts");
  const here = () => location.pathname + location.search;
  const topLayer = () => (dialog?.open ? dialog : panel?.open ? panel : null);

  // ---------------------------------------------------------------- layers
  const openers = new Map(); // layer -> the element that opened it
  const openedByUrl = new Map(); // layers that came open with the page -> where they go back to
  let base = null; // the URL under the panel
  let depth = 0; // history entries pushed since the panel opened
  let isSettled = false; // the next popstate is of our own making: nothing is left to do

  function openLayer(layer) {
    if (!layer.matches(":modal")) {
      layer.close();
      layer.showModal();
    }
    placeToasts();
    focusIn(layer);
  }

  function focusIn(layer) {
    const first = [".error-summary", "[autofocus]", "[tabindex='-1']"]
      .map((selector) => layer.querySelector(selector))
      .find(Boolean);
    first?.focus();
  }

  // An entry of a menu that has closed cannot take the focus: the button of the menu does.
  function shownOf(element) {
    const menu = element?.closest("[popover]:not(:popover-open)");
    return menu ? document.querySelector(`[popovertarget="${menu.id}"]`) : element;
  }

  function focusOut(layer) {
    const opener = shownOf(openers.get(layer));
    openers.delete(layer);
    const below = opener?.isConnected ? opener : opener?.id && document.getElementById(opener.id);
    const target = below || topLayer()?.querySelector("[tabindex='-1']");
    (target || document.getElementById("main"))?.focus();
  }

  const closeUrl = (layer) => layer.querySelector("a[data-close][href]")?.href;

  function closeLayer(layer) {
    const parent = closeUrl(layer) || openedByUrl.get(layer); // an answer may have emptied it
    const byUrl = openedByUrl.delete(layer);
    if (layer === dialog) session.failed = [];
    placeToasts(body);
    layer.close();
    layer.replaceChildren();
    placeToasts();
    if (byUrl && parent) {
      location.assign(parent);
      return;
    }
    focusOut(layer);
    if (layer === panel && depth > 0 && here() !== base) {
      isSettled = true;
      history.go(-depth);
    }
    if (layer === panel) depth = 0;
  }

  // Close after asking, where text would be lost.
  function requestClose(layer) {
    if (layer === dialog && session.failed.length) session.giveUp();
    else if (!isDirty(layer)) closeLayer(layer);
    else askToLeave(() => closeLayer(layer));
  }

  function isDirty(layer) {
    return [...layer.querySelectorAll("form[method='post']:not([data-unguarded])")].some((form) =>
      [...form.elements].some((field) => {
        if (field.matches("[type='checkbox'], [type='radio']")) return field.checked !== field.defaultChecked;
        if (field.matches("select")) return isSelectChanged(field);
        return field.matches("input:not([type='hidden']), textarea") && field.value !== field.defaultValue;
      }),
    );
  }

  function isSelectChanged(select) {
    const options = [...select.options];
    const hasDefault = options.some((option) => option.defaultSelected);
    if (!hasDefault && !select.multiple) return select.selectedIndex > 0;
    return options.some((option) => option.selected !== option.defaultSelected);
  }

  let leaveNow = null; // what the open question does when the answer is to leave
  const question = document.getElementById("leave");

  function askToLeave(leave) {
    leaveNow = leave;
    question.returnValue = "stay";
    question.showModal();
  }

  // One listener for ever: the event of an earlier answer may come after the next question opened.
  question?.addEventListener("close", () => {
    if (question.returnValue === "leave") leaveNow();
  });

  for (const layer of layers) {
    layer.addEventListener("cancel", (event) => {
      if (event.target !== layer) return;
      event.preventDefault();
      requestClose(layer);
    });
    // Browsers let a second Escape through whatever the page says.
    layer.addEventListener("close", (event) => {
      if (event.target === layer && !layer.open && layer.hasChildNodes()) closeLayer(layer);
    });
    layer.addEventListener("click", (event) => {
      if (event.target === layer && layer.matches(":modal")) requestClose(layer);
    });
    if (layer.open) {
      openedByUrl.set(layer, closeUrl(layer));
      openLayer(layer);
    }
  }
  document.querySelector("[data-static-scrim]")?.remove();

  document.addEventListener("click", (event) => {
    const closer = event.target.closest("[data-close]");
    const layer = closer?.closest("dialog");
    if (!layers.includes(layer)) return;
    event.preventDefault();
    requestClose(layer);
  });

  document.addEventListener("layer:close", (event) => {
    const layer = document.getElementById(event.detail.value);
    setTimeout(() => layer?.open && closeLayer(layer)); // after the swap of the same answer
  });

  addEventListener("beforeunload", (event) => {
    if (layers.some((layer) => layer.open && !openedByUrl.has(layer) && isDirty(layer))) event.preventDefault();
  });

  // Before htmx, which would load the page again: going back to the page below needs no request.
  addEventListener("popstate", (event) => {
    if (isSettled) {
      isSettled = false;
      event.stopImmediatePropagation();
    } else if (panel?.open && base !== null && here() === base) {
      event.stopImmediatePropagation();
      const steps = depth;
      if (steps > 0 && isDirty(panel)) {
        isSettled = true; // text would be lost: forward again, and ask
        history.go(steps);
        askToLeave(() => closeLayer(panel));
      } else {
        closeLayer(panel);
      }
    }
  }, true);

  // ---------------------------------------------------------------- signed out
  const session = {
    held: null, // what the dialog showed before, with the text typed in it
    failed: [], // the requests to send again
    // False while the dialog asks already: what is typed into it stays, however many polls fail.
    begin(request) {
      this.failed.push(request);
      if (this.failed.length > 1) return false;
      if (!dialog.open) return true;
      this.held = document.createDocumentFragment();
      placeToasts(body);
      this.held.append(...dialog.childNodes);
      return true;
    },
    // Who was here is asked for the password alone.
    name() {
      const [email, password] = ["email", "password"].map((name) => dialog.querySelector(`[name='${name}']`));
      if (!email || email.value || !body.dataset.email) return;
      email.value = body.dataset.email;
      email.removeAttribute("autofocus");
      password.setAttribute("autofocus", "");
    },
    giveUp() {
      this.failed = [];
      if (this.held) this.giveBack();
      else closeLayer(dialog);
    },
    giveBack() {
      dialog.replaceChildren(this.held);
      this.held = null;
      placeToasts();
      focusIn(dialog);
    },
    resume({ user, csrf }) {
      if (String(user) !== body.dataset.user) return location.reload(); // somebody else sat down
      body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": csrf }));
      for (const field of document.querySelectorAll("[name='csrfmiddlewaretoken']")) field.value = csrf;
      const failed = this.failed;
      this.giveUp();
      failed.forEach(sendAgain);
    },
  };
  document.addEventListener("session:resumed", (event) => setTimeout(() => session.resume(event.detail)));

  function sendAgain({ verb, path, elt, target }) {
    if (elt.isConnected) htmx.ajax(verb, path, { source: elt, target })?.catch(() => {}); // events tell of it
  }

  // ---------------------------------------------------------------- answers
  const SWAPPED = new Set([401, 403, 404, 409, 422]);

  body.addEventListener("htmx:configRequest", (event) => {
    delete event.detail.parameters.csrfmiddlewaretoken; // the header is newer after signing in again
  });

  // What a form is asked on the way, such as its preview, must not stop the form that is being sent.
  body.addEventListener("htmx:confirm", (event) => {
    const form = event.detail.elt.closest("form");
    if (form !== event.detail.elt && form?.matches("[hx-post].htmx-request")) event.preventDefault();
  });

  body.addEventListener("htmx:beforeRequest", ({ detail }) => {
    clearProblem(detail.elt);
    const target = detail.target;
    if (target === detail.elt && !detail.requestConfig.triggeringEvent) return; // it asks by itself
    target.busyTimer = setTimeout(() => {
      target.setAttribute("aria-busy", "true");
      target.classList.add("is-slow");
    }, 300);
  });

  body.addEventListener("htmx:afterRequest", ({ detail }) => {
    const target = detail.requestConfig?.target || detail.target; // an answer may name another one
    clearTimeout(target.busyTimer);
    target.removeAttribute("aria-busy");
    target.classList.remove("is-slow");
  });

  body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const status = detail.xhr.status;
    if (SWAPPED.has(status)) {
      detail.shouldSwap = true;
      detail.isError = false;
    }
    if (status === 403 || status === 404) refuse(detail);
    if (status === 401) detail.shouldSwap = session.begin({ ...detail.requestConfig, elt: detail.requestConfig.elt });
    if (layers.includes(detail.target)) placeToasts(body);
  });

  // A form that is refused keeps what was typed into it: the notice stands above, in view.
  function refuse(detail) {
    const form = detail.requestConfig.verb === "get" ? null : detail.target.querySelector("form");
    const place = form?.querySelector(".panel__body, .dialog__body");
    detail.swapOverride = place ? "afterbegin" : "innerHTML";
    if (!place) return;
    for (const notice of place.querySelectorAll(":scope > .notice[role='alert'], :scope > .error-summary")) notice.remove();
    place.scrollTop = 0;
    detail.target = place;
  }

  body.addEventListener("htmx:beforeHistoryUpdate", ({ detail }) => {
    if (detail.history.type !== "push" || !panel?.contains(detail.target)) return;
    if (!panel.open) {
      base = here();
      depth = 0;
    }
    depth += 1;
  });

  body.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.xhr.status === 401) session.name();
    const layer = detail.target.closest("dialog");
    if (layers.includes(detail.target) && detail.target.hasChildNodes()) {
      if (!layer.open) openers.set(layer, detail.requestConfig?.elt);
      openLayer(layer);
    } else if (detail.xhr.status === 422) {
      (detail.target.isConnected ? detail.target : layer || body).querySelector(".error-summary")?.focus();
    }
    placeToasts();
  });

  for (const [name, message] of [["responseError", "textFailed"], ["sendError", "textOffline"], ["timeout", "textTimeout"]]) {
    body.addEventListener(`htmx:${name}`, ({ detail }) => {
      if (name === "responseError" && SWAPPED.has(detail.xhr.status)) return;
      const { verb, path, target } = detail.requestConfig;
      showProblem(body.dataset[message], { verb, path, target, elt: detail.elt });
    });
  }

  // At the place of the action, and as a toast if that place is out of view.
  function showProblem(message, request) {
    const again = button("btn btn--sm", body.dataset.textRetry, () => {
      line.remove();
      sendAgain(request);
    });
    const line = document.createElement("p");
    line.className = "field__error";
    line.dataset.problem = "";
    line.setAttribute("role", "alert");
    line.append(message, " ", again);
    const place = request.elt.closest("form, li, .row") || request.elt;
    if (place === request.elt) place.after(line);
    else place.append(line);
    const box = line.getBoundingClientRect();
    const isInView = box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
    if (!isInView) showToast({ text: message, kind: "error" });
  }

  function clearProblem(element) {
    const place = element.closest("form, li, .row") || element.parentElement;
    for (const line of place?.querySelectorAll("[data-problem]") ?? []) line.remove();
  }

  // ---------------------------------------------------------------- toasts
  // A region outside an open modal dialog is inert, so it moves into the top one.
  function placeToasts(home = topLayer() || body) {
    if (!toasts || toasts.parentElement === home) return;
    home.append(toasts);
    if (toasts.hasChildNodes()) toasts.showPopover();
  }

  function showToast({ text, kind = "", undo_url: undoUrl = "" }) {
    const toast = document.createElement("div");
    toast.className = kind === "error" ? "toast toast--error" : "toast";
    const words = document.createElement("span");
    words.className = "toast__text";
    words.textContent = text;
    toast.append(words);
    const remove = () => {
      toast.remove();
      if (!toasts.hasChildNodes() && toasts.matches(":popover-open")) toasts.hidePopover();
    };
    if (undoUrl) {
      toast.append(button("btn btn--sm", body.dataset.textUndo, () => {
        remove();
        htmx.ajax("post", undoUrl, { source: body, target: "#main", swap: "none" });
      }));
    }
    toast.append(button("btn btn--sm", body.dataset.textDismiss, remove));
    toasts.append(toast);
    toasts.showPopover();
    const wait = () => setTimeout(() => (toast.matches(":hover, :focus-within") ? wait() : remove()), 10000);
    wait();
  }

  function button(className, label, press) {
    const element = document.createElement("button");
    element.type = "button";
    element.className = className;
    element.textContent = label;
    element.addEventListener("click", press);
    return element;
  }

  document.addEventListener("toast", (event) => setTimeout(() => showToast(event.detail), 50));

  // ---------------------------------------------------------------- sent twice
  // A second click on a form that the browser is sending would do it twice; htmx sees to its own.
  const sent = new Set();

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (sent.has(form)) event.preventDefault();
    sent.add(form);
    setTimeout(() => sent.delete(form), 10000); // the answer may be a file, and the page stays
  });
  addEventListener("pageshow", () => sent.clear());

  // Where there is little room the entries of the settings and the tabs run on to the side.
  function showCurrent() {
    for (const entry of document.querySelectorAll(".side-nav [aria-current], .tabs--page [aria-current]")) {
      entry.scrollIntoView({ block: "nearest", inline: "center" });
    }
  }
  showCurrent();
  body.addEventListener("htmx:oobAfterSwap", ({ detail }) => detail.target.id === "view-bar" && showCurrent());

  // A page that came back with errors: say so where it begins.
  if (!topLayer()) document.querySelector(".error-summary")?.focus();
})();
