// What scripts add to pages that work without them: choosing all rows, and fresh figures.

/** A box in the head of each table of photos that chooses all of its rows. */
function addChooseAll() {
  for (const form of document.querySelectorAll("form[data-choosing]")) {
    const boxes = [...form.querySelectorAll('input[name="task_id"]')];
    const all = document.createElement("input");
    all.type = "checkbox";
    all.className = "form-check-input";
    all.setAttribute("aria-label", "Choose all on this page");
    const tell = () => {
      const chosen = boxes.filter((box) => box.checked).length;
      all.checked = chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    };
    all.addEventListener("change", () => {
      for (const box of boxes) box.checked = all.checked;
    });
    form.addEventListener("change", tell);
    form.querySelector("[data-choose-all]").append(all);
    // A browser that goes back keeps what was chosen.
    tell();
  }
}

/** Loads the page again now and then, and shows what is new of the part that changes. */
function keepFresh() {
  const part = document.querySelector("[data-refresh]");
  if (!part) return;
  const again = () => setTimeout(refresh, Number(part.dataset.refresh) * 1000, part.id);
  const refresh = async (id) => {
    const shown = document.getElementById(id);
    // Nobody's place is taken away, and nobody is asked for what nobody sees.
    const isInUse = shown.contains(document.activeElement) || document.hidden;
    if (!isInUse && !shown.querySelector("details[open]")) {
      try {
        const response = await fetch(location.href, { redirect: "error" });
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        const fresh = page.getElementById(id);
        if (response.ok && fresh) {
          shown.replaceWith(document.adoptNode(fresh));
          if (!("refresh" in fresh.dataset)) return;
        }
      } catch {
        // The next time may be better.
      }
    }
    again();
  };
  again();
}

addChooseAll();
keepFresh();
