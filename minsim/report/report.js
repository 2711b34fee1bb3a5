"use strict";
// Zoom and a reading along the days. Without it the page is whole: charts, tables, words.
(() => {
  const DAY_MS = 86400000;
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const LEAST_DAYS = 14;
  const MOST_TICKS = 9;
  const charts = JSON.parse(document.getElementById("data").textContent).charts;
  const figures = [...document.querySelectorAll("figure.chart")];
  if (!figures.length) return;
  const last = Number(figures[0].dataset.days) - 1;
  const start = Date.parse(figures[0].dataset.start + "T00:00:00Z");
  let from = 0;
  let to = last;

  const element = (name, className, parent) => {
    const made = document.createElement(name);
    made.className = className;
    parent.append(made);
    return made;
  };
  const dateOf = (day) => new Date(start + day * DAY_MS);
  const dateText = (day) => {
    const date = dateOf(day);
    return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  };

  // Ticks on the first of a month, or of every so many; of a week or a day where months are too far apart.
  const ticks = () => {
    const firsts = [];
    for (let day = Math.ceil(from); day <= to; day++) {
      if (dateOf(day).getUTCDate() === 1) firsts.push(day);
    }
    if (firsts.length < 3) {
      const step = Math.max(1, Math.ceil((to - from) / 6));
      const days = [];
      for (let day = Math.ceil(from); day <= to; day += step) days.push([day, dateText(day)]);
      return days;
    }
    const count = (day) => dateOf(day).getUTCFullYear() * 12 + dateOf(day).getUTCMonth();
    const step = [1, 2, 3, 6, 12, 24, 60].find((n) => firsts.filter((d) => count(d) % n === 0).length <= MOST_TICKS);
    return firsts.filter((day) => count(day) % step === 0).map((day, k) => {
      const date = dateOf(day);
      const january = date.getUTCMonth() === 0;
      const name = january ? `${date.getUTCFullYear()}` : MONTHS[date.getUTCMonth()];
      return [day, k === 0 && !january ? `${name} ${date.getUTCFullYear()}` : name];
    });
  };

  const draw = () => {
    for (const svg of document.querySelectorAll("svg.zoomed")) {
      const height = svg.viewBox.baseVal.height;
      svg.setAttribute("viewBox", `${from} 0 ${to - from} ${height}`);
    }
    for (const axis of document.querySelectorAll(".x")) {
      axis.replaceChildren();
      ticks().forEach(([day, text], k) => {
        const label = element("span", k % 2 ? "minor" : "", axis);
        label.textContent = text;
        label.style.left = `${(100 * (day - from)) / (to - from)}%`;
      });
    }
    for (const button of document.querySelectorAll(".whole-span")) button.hidden = from === 0 && to === last;
  };

  const zoom = (first, end) => {
    const middle = (first + end) / 2;
    const half = Math.min(last, Math.max(LEAST_DAYS, end - first)) / 2;
    from = Math.round(Math.max(0, Math.min(middle - half, last - 2 * half)));
    to = Math.round(Math.min(last, from + 2 * half));
    draw();
  };

  const enliven = (figure) => {
    const chart = charts.find((one) => one.id === figure.dataset.chart);
    const frame = figure.querySelector(".frame");
    const plot = figure.querySelector(".plot");
    const cursor = element("div", "cursor", plot);
    const tip = element("div", "tip", plot);
    const chosen = element("div", "chosen", plot);
    const spoken = element("p", "unseen", figure);
    spoken.setAttribute("aria-live", "polite");
    plot.classList.add("live");
    plot.tabIndex = 0;
    plot.setAttribute("role", "group");
    plot.setAttribute("aria-label", `${chart.unit}: arrow keys move along the days, plus and minus zoom, 0 shows all`);
    let day = null;
    let pressed = null;

    const hide = () => {
      for (const part of [cursor, tip, chosen]) part.hidden = true;
    };
    const read = (wanted, aloud) => {
      day = Math.round(Math.min(to, Math.max(from, wanted)));
      const share = (day - from) / (to - from);
      cursor.style.left = `${100 * share}%`;
      tip.style.left = share < 0.5 ? `calc(${100 * share}% + 8px)` : "";
      tip.style.right = share < 0.5 ? "" : `calc(${100 * (1 - share)}% + 8px)`;
      tip.replaceChildren();
      element("b", "", tip).textContent = dateText(day);
      const lines = chart.series.map((one) => `${one.name}: ${one.values[day] === null ? "–" : one.values[day].toLocaleString("en")}`);
      for (const line of lines) element("div", "", tip).textContent = line;
      cursor.hidden = tip.hidden = false;
      if (aloud) spoken.textContent = [dateText(day), ...lines].join("; ");
    };
    const dayAt = (event) => {
      const box = plot.getBoundingClientRect();
      return from + (Math.min(Math.max(event.clientX - box.left, 0), box.width) / box.width) * (to - from);
    };

    plot.addEventListener("pointerdown", (event) => {
      if (event.button === 0) pressed = dayAt(event);
    });
    plot.addEventListener("pointermove", (event) => {
      const here = dayAt(event);
      read(here, false);
      if (pressed === null) return;
      chosen.hidden = false;
      chosen.style.left = `${(100 * (Math.min(pressed, here) - from)) / (to - from)}%`;
      chosen.style.width = `${(100 * Math.abs(here - pressed)) / (to - from)}%`;
    });
    window.addEventListener("pointerup", (event) => {
      if (pressed === null) return;
      const [first, end] = [pressed, dayAt(event)].sort((a, b) => a - b);
      pressed = null;
      chosen.hidden = true;
      if (end - first > 0.02 * (to - from)) zoom(first, end);
    });
    plot.addEventListener("pointercancel", () => { pressed = null; hide(); });
    plot.addEventListener("pointerleave", () => { if (pressed === null) hide(); });
    plot.addEventListener("dblclick", () => zoom(0, last));
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", (event) => {
      const width = to - from;
      const here = day === null ? Math.round((from + to) / 2) : day;
      const step = event.shiftKey ? 30 : 1;
      const actions = {
        ArrowLeft: () => read(here - step, true),
        ArrowRight: () => read(here + step, true),
        "+": () => { zoom(here - width / 4, here + width / 4); read(here, true); },
        "=": () => { zoom(here - width / 4, here + width / 4); read(here, true); },
        "-": () => { zoom(here - width, here + width); read(here, true); },
        0: () => zoom(0, last),
        Escape: hide,
      };
      if (!actions[event.key]) return;
      event.preventDefault();
      actions[event.key]();
    });
    const button = element("button", "whole-span", figure);
    button.type = "button";
    button.textContent = "Show the whole span";
    button.addEventListener("click", () => zoom(0, last));
    frame.after(button);
    hide();
  };

  figures.forEach(enliven);
  for (const hint of document.querySelectorAll(".hint")) hint.hidden = false;
  draw();
})();
