"use strict";
// Shows the policy of another position. It derives nothing and makes no markup: it puts texts that
// the page brought along into nodes that are there.
(() => {
  const byId = (name) => document.getElementById(name);
  const data = JSON.parse(byId("data").textContent);
  const sliders = { security: byId("security"), functionality: byId("functionality") };
  const reserve = byId("reserve");
  const firstWords = byId("shown").textContent;

  const changed = (base, changes) => {
    const found = base.slice();
    for (let n = 0; n < changes.length; n += 2) found[changes[n]] = changes[n + 1];
    return found;
  };

  const stop = (name) => data[name][sliders[name].valueAsNumber][0];
  const spoken = (name) => data[name][sliders[name].valueAsNumber][1];

  const reason = ([allowed, use, gain, because]) => {
    if (because !== null) return data.strings[because];
    const sign = allowed ? ">=" : "<";
    const sides = [`functionality ${spoken("functionality")} * ${use}`, `security ${spoken("security")} * ${gain}`];
    return sides.join(` ${sign} `);
  };

  const showEvent = (row, state) => {
    const [allowed, functionality, security, , use, gain] = state;
    const [, decision, why, forWhat, against] = row.cells;
    row.dataset.is = allowed ? "yes" : "no";
    decision.textContent = allowed ? "allowed" : "denied";
    why.textContent = reason(state);
    forWhat.children[0].textContent = functionality;
    forWhat.children[1].textContent = data.strings[use];
    against.children[0].textContent = security;
    against.children[1].textContent = data.strings[gain];
  };

  const showCve = (row, through) => {
    row.cells[3].textContent = data.strings[through];
    row.dataset.is = data.strings[through] === "stopped" ? "no" : "yes";
  };

  const filterRows = (select) => {
    for (const row of byId(select.dataset.rows).rows)
      row.hidden = select.value !== "all" && row.dataset.is !== select.value;
  };

  const show = (number, words) => {
    const outcome = data.outcomes[number];
    const events = changed(data.events, outcome.events);
    const cves = changed(data.cves, outcome.cves);
    events.forEach((state, n) => showEvent(byId("events").rows[n], data.states[state]));
    cves.forEach((through, n) => showCve(byId("cves").rows[n], through));
    ["calls", "capabilities", "stopped", "open"].forEach((name, n) => {
      byId(`count-${name}`).textContent = outcome.counts[n];
    });
    byId("shown").textContent = words;
    document.querySelectorAll("select[data-rows]").forEach(filterRows);
  };

  const showWeights = () => {
    for (const [name, slider] of Object.entries(sliders)) {
      slider.setAttribute("aria-valuetext", stop(name));
      byId(`${name}-value`).textContent = stop(name);
    }
    byId("weights").textContent =
      `security = ${stop("security")}\nfunctionality = ${stop("functionality")}\n` +
      `reserve = "${reserve.value}"`;
  };

  const select = () => {
    showWeights();
    const row = data.places[reserve.value][sliders.functionality.valueAsNumber];
    show(
      row[sliders.security.valueAsNumber],
      `Derived for security ${stop("security")}, functionality ${stop("functionality")}, ` +
        `reserve ${reserve.value}; not verified.`,
    );
  };

  const place = (security, functionality, kept) => {
    sliders.security.valueAsNumber = security;
    sliders.functionality.valueAsNumber = functionality;
    if (kept in data.places) reserve.value = kept;
  };

  const first = [sliders.security.valueAsNumber, sliders.functionality.valueAsNumber, reserve.value];
  for (const control of [...Object.values(sliders), reserve]) control.addEventListener("input", select);
  for (const button of document.querySelectorAll("[data-preset]"))
    button.addEventListener("click", () => {
      place(...data.presets[button.dataset.preset]);
      select();
    });
  byId("written")?.addEventListener("click", () => {
    place(...first);
    showWeights();
    show(data.shown, firstWords);
  });
  for (const each of document.querySelectorAll("select[data-rows]"))
    each.addEventListener("input", () => filterRows(each));
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  for (const each of document.querySelectorAll("#controls, .filter")) each.hidden = false;
})();
