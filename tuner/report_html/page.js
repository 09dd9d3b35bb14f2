"use strict";
(() => {
  // The namespace is read off an element, so that the page names no address at all.
  const NS = document.getElementById("ns").namespaceURI;
  const tip = document.querySelector(".tip");
  const spoken = document.getElementById("spoken");

  // -- drawing ------------------------------------------------------------------------------------------------------

  function svg(name, attributes = {}, parent = null, text = null) {
    const made = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== null) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  }

  function canvas(place) {
    const width = place.clientWidth, height = place.clientHeight;
    place.textContent = "";
    return { width, height, root: svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, place) };
  }

  function scale(low, high, from, to, log = false) {
    const f = log ? Math.log10 : (v) => v;
    if (low === high) { const pad = Math.abs(low) * 0.05 || 0.5; low -= log ? 0 : pad; high += log ? low * 0.1 : pad; }
    const a = f(low), b = f(high);
    const at = (v) => from + ((f(v) - a) / (b - a)) * (to - from);
    return Object.assign(at, { low, high, log });
  }

  function ticks(low, high, most) {
    const raw = (high - low) / most, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999) || raw;
    const found = [];
    for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + step * 1e-9; v += step) found.push(Number(v.toPrecision(12)));
    return found;
  }

  function logTicks(low, high) {
    const found = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
      for (const m of high / low > 1e3 ? [1] : [1, 3]) if (m * 10 ** e >= low && m * 10 ** e <= high) found.push(m * 10 ** e);
    return found.length > 5 ? found.filter((_, i) => i % Math.ceil(found.length / 4) === 0) : found;
  }

  function figure(v) {
    if (v === null || v === undefined) return "–";
    const size = Math.abs(v);
    if (size !== 0 && (size >= 1e5 || size < 1e-3)) return v.toExponential(1).replace("e+", "e").replace(".0e", "e");
    return String(Number(v.toPrecision(4)));
  }

  function path(points) {
    let d = "", pen = "M";
    for (const p of points) {
      if (!p) { pen = "M"; continue; }
      d += `${pen}${p[0].toFixed(1)} ${p[1].toFixed(1)}`;
      pen = "L";
    }
    return d;
  }

  function show(text, x, y) {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 8))}px`;
    tip.style.top = `${y + box.height + 20 > innerHeight ? y - box.height - 10 : y + 14}px`;
  }
  const hide = () => { tip.hidden = true; };

  // Scores of failed trials would squeeze the others into a line: far-off ones are drawn at the edge.
  function domain(scores, higher) {
    const sorted = [...scores].sort((a, b) => (higher ? b - a : a - b));
    if (!sorted.length) return [0, 1];
    const best = sorted[0], middle = sorted[Math.floor((sorted.length - 1) * 0.5)], worst = sorted[sorted.length - 1];
    const far = best + (middle - best) * 3.2;
    const end = (higher ? worst < far : worst > far) && far !== best ? far : worst;
    const pad = Math.abs(best - end) * 0.06 || Math.abs(best) * 0.02 || 0.1;
    return (higher ? [end - pad, best + pad] : [best - pad, end + pad]).map((v) => Number(v.toPrecision(clamp(Math.ceil(Math.log10(Math.abs(v) / pad || 1)), 2, 9))));
  }

  // -- score over the epochs spent ------------------------------------------------------------------------------------

  function progress(study) {
    const place = study.root.querySelector(".progress"), { data } = study;
    const dots = data.trials.filter((t) => t.score !== null && t.spent > 0);
    if (!dots.length) { place.textContent = data.words.noscore; place.classList.add("nothing"); return; }
    const { width, height, root } = canvas(place);
    const good = dots.filter((t) => !t.sick);
    const [low, high] = domain((good.length ? good : dots).map((t) => t.score), data.higher);
    const x = scale(0, Math.max(...dots.map((t) => t.spent)), 46, width - 12);
    const far = dots.filter((t) => t.score < low || t.score > high), floor = height - (far.length ? 60 : 34), lane = height - 42;
    const y = scale(low, high, floor, 12), yOf = (t) => (t.score < low || t.score > high ? lane : y(t.score));
    if (far.length) {
      svg("path", { class: "grid edge", d: `M46 ${floor + 6}H${width - 12}` }, root);
      svg("text", { x: 40, y: lane + 4, "text-anchor": "end" }, root, data.higher ? `<${figure(low)}` : `>${figure(high)}`);
    }
    for (const v of ticks(low, high, height / 55)) {
      svg("path", { class: "grid", d: `M46 ${y(v)}H${width - 12}` }, root);
      svg("text", { x: 40, y: y(v) + 4, "text-anchor": "end" }, root, figure(v));
    }
    for (const v of ticks(0, x.high, width / 110)) svg("text", { x: x(v), y: height - 16, "text-anchor": "middle" }, root, v.toLocaleString("en"));
    svg("text", { x: width - 12, y: height - 2, "text-anchor": "end" }, root, data.words.spent);
    let best = null, steps = "";
    for (const t of dots.filter((d) => ["finished", "stopped"].includes(d.out))) {
      if (best !== null && (data.higher ? t.score <= best : t.score >= best)) continue;
      steps += best === null ? `M${x(t.spent)} ${yOf(t)}` : `H${x(t.spent)}V${yOf(t)}`;
      best = t.score;
    }
    if (steps) svg("path", { class: "step", d: `${steps}H${width - 12}` }, root);
    for (const t of dots) {
      const at = [x(t.spent), yOf(t)];
      t.place = at;
      svg("circle", { class: `dot ${t.out}${t.sick ? " sick" : ""}${t.n === data.best ? " is-best" : ""}`, cx: at[0], cy: at[1], r: t.n === data.best ? 6 : 4.2 }, root);
    }
    const ring = svg("circle", { class: "ring", r: 8, visibility: "hidden" }, root);
    const choose = (t, speak) => {
      study.chosen = t;
      ring.setAttribute("visibility", t ? "visible" : "hidden");
      if (!t) return hide();
      ring.setAttribute("cx", t.place[0]);
      ring.setAttribute("cy", t.place[1]);
      const box = place.getBoundingClientRect(), text = told(study, t);
      show(text, box.left + t.place[0], box.top + t.place[1]);
      if (speak) spoken.textContent = text;
    };
    place.onpointermove = (event) => {
      const box = place.getBoundingClientRect();
      const near = nearest(dots, (t) => Math.hypot(t.place[0] - event.clientX + box.left, t.place[1] - event.clientY + box.top));
      choose(near.distance < 40 ? near.item : null);
    };
    place.onpointerleave = place.onblur = () => choose(null);
    place.onclick = () => study.chosen && go(study, study.chosen.n);
    place.onkeydown = (event) => {
      const i = dots.indexOf(study.chosen), step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) { event.preventDefault(); choose(dots[clamp(i < 0 ? (step > 0 ? 0 : dots.length - 1) : i + step, 0, dots.length - 1)], true); }
      if (event.key === "Enter" && study.chosen) go(study, study.chosen.n);
    };
  }

  const clamp = (v, low, high) => Math.min(high, Math.max(low, v));

  function nearest(items, distance) {
    let found = { item: null, distance: Infinity };
    for (const item of items) { const d = distance(item); if (d < found.distance) found = { item, distance: d }; }
    return found;
  }

  function told(study, t) {
    const card = document.getElementById(`${study.id}-t${t.n}`);
    const why = card.querySelector(".why").textContent;
    const from = card.querySelector("h3 small").textContent;
    return `${study.data.words.trial} ${t.n} · ${from}\n${study.data.words.score} ${figure(t.score)}\n${why.length > 140 ? why.slice(0, 139) + "…" : why}`;
  }

  function go(study, n) {
    hide();
    pick(study, "all");
    const card = document.getElementById(`${study.id}-t${n}`);
    card.scrollIntoView({ block: "center" });
    card.focus({ preventScroll: true });
  }

  // -- the curves of a trial ------------------------------------------------------------------------------------------

  const epochOf = (line, i) => (line.epochs ? line.epochs[i] : line.from + i);

  function curve(study, t, place) {
    if (!t.lines.length) { place.textContent = study.data.words.nodata; place.classList.add("nothing"); return; }
    const { width, height, root } = canvas(place);
    const panels = ["loss", "score"].map((p) => t.lines.filter((l) => l.panel === p)).filter((p) => p.length);
    const first = Math.min(...t.lines.map((l) => epochOf(l, 0)));
    const last = Math.max(t.planned || 0, ...t.lines.map((l) => epochOf(l, l.values.length - 1)));
    const x = scale(first, last, 36, width - 6);
    const bottom = height - 16, gap = 18, share = panels.length > 1 ? 0.55 : 1;
    shade(t, root, x, bottom);
    let top = 12;
    const shown = [];
    panels.forEach((lines, i) => {
      const end = i === panels.length - 1 ? bottom : top + (bottom - top - gap) * share;
      shown.push(panel(t, lines, root, x, top, end, width, lines[0].panel === "loss" && t.log));
      top = end + gap;
    });
    for (const v of new Set([first, last])) svg("text", { x: x(v), y: height - 3, "text-anchor": v === first ? "start" : "end" }, root, String(v));
    svg("text", { x: (36 + width) / 2, y: height - 3, "text-anchor": "middle" }, root, study.data.words.epoch);
    label(t, root, x, width);
    hover(study, t, place, root, x, shown, bottom);
  }

  function panel(t, lines, root, x, top, end, width, log) {
    const values = lines.flatMap((l) => l.values).filter((v) => v !== null && (!log || v > 0)).sort((a, b) => a - b);
    if (!values.length) return null;
    let low = values[0], high = values[values.length - 1];
    // One spike of the first epochs would flatten the rest: it is cut off at four times what nine tenths lie below.
    const most = values[Math.floor((values.length - 1) * 0.9)];
    if (!log && lines[0].panel === "loss" && high - low > 4 * (most - low) && most > low) high = low + 4 * (most - low);
    const y = scale(low, high, end - 3, top + 3, log);
    const marks = log ? logTicks(y.low, y.high) : ticks(y.low, y.high, 3);
    for (const v of marks) {
      svg("path", { class: "grid", d: `M36 ${y(v)}H${width - 6}` }, root);
      svg("text", { x: 32, y: y(v) + 3.5, "text-anchor": "end" }, root, figure(v));
    }
    for (const line of lines) {
      const at = line.values.map((v, i) => (v === null || (log && v <= 0) ? null : [x(epochOf(line, i)), y(Math.min(v, high)), epochOf(line, i)]));
      const until = t.end === null ? Infinity : t.end;
      svg("path", { class: line.kind, d: path(at.map((p) => (p && p[2] <= until ? p : null))) }, root);
      if (at.some((p) => p && p[2] > until)) svg("path", { class: `${line.kind} after`, d: path(at.map((p) => (p && p[2] >= until ? p : null))) }, root);
      if (at.filter(Boolean).length === 1) { const p = at.find(Boolean); svg("circle", { cx: p[0], cy: p[1], r: 2, fill: `var(--${line.kind})` }, root); }
    }
    if (t.best && t.best[1] !== null && lines[0].panel === "score") svg("circle", { class: "peak", cx: x(t.best[0]), cy: y(clamp(t.best[1], y.low, y.high)), r: 3.2 }, root);
    return y;
  }

  function shade(t, root, x, bottom) {
    const sick = t.marks.filter((m) => m.kind !== "good");
    const end = t.end === null ? x.high : t.end;
    sick.forEach((m, i) => {
      if (i === 0 && m.kind === "bad") svg("path", { class: "band-area", d: `M${x(m.epoch)} 6H${x(Math.max(end, m.epoch))}V${bottom}H${x(m.epoch)}Z` }, root);
      svg("path", { class: `mark ${m.kind}`, d: `M${x(m.epoch)} 6V${bottom}` }, root);
    });
    if (t.end !== null) svg("path", { class: "mark end", d: `M${x(t.end)} 6V${bottom}` }, root);
  }

  function label(t, root, x, width) {
    const first = t.marks.find((m) => m.kind !== "good");
    if (!first) return;
    const right = x(first.epoch) > width * 0.55;
    svg("text", { class: `mark-label ${first.kind}`, x: x(first.epoch) + (right ? -4 : 4), y: 10, "text-anchor": right ? "end" : "start" }, root, `${first.epoch} ${first.name}`);
  }

  function hover(study, t, place, root, x, scales, bottom) {
    const cross = svg("path", { class: "cross", visibility: "hidden" }, root);
    place.onpointermove = (event) => {
      const box = place.getBoundingClientRect();
      const all = [...new Set(t.lines.flatMap((l) => l.values.map((_, i) => epochOf(l, i))))];
      const epoch = nearest(all, (e) => Math.abs(x(e) - event.clientX + box.left)).item;
      cross.setAttribute("d", `M${x(epoch)} 6V${bottom}`);
      cross.setAttribute("visibility", "visible");
      const values = t.lines.map((l) => [l, l.values.findIndex((_, i) => epochOf(l, i) === epoch)]).filter(([, i]) => i >= 0);
      const marks = t.marks.filter((m) => m.epoch === epoch).map((m) => m.name);
      show([`${study.data.words.epoch} ${epoch}`, ...values.map(([l, i]) => `${study.data.words[l.kind]} ${l.values[i] === null ? "NaN / ∞" : figure(l.values[i])}`), ...marks].join("\n"), event.clientX, event.clientY);
    };
    place.onpointerleave = () => { cross.setAttribute("visibility", "hidden"); hide(); };
  }

  // A chart is drawn when it comes near the screen: two hundred of them at once would take seconds.
  function lazily(study) {
    const places = new Map(study.data.trials.map((t) => [document.querySelector(`#${study.id}-t${t.n} .curve`), t]));
    study.drawn = new Set();
    study.draw = (place) => { study.drawn.add(place); curve(study, places.get(place), place); };
    const watch = new IntersectionObserver((entries) => {
      for (const e of entries) if (e.isIntersecting && !study.drawn.has(e.target)) study.draw(e.target);
    }, { rootMargin: "600px" });
    for (const place of places.keys()) watch.observe(place);
    study.places = places;
  }

  function pick(study, which) {
    const { data, root } = study;
    const scored = data.trials.filter((t) => t.score !== null && !t.sick).sort((a, b) => (data.higher ? b.score - a.score : a.score - b.score));
    const top = new Set(scored.slice(0, 10).map((t) => t.n));
    const wanted = { all: () => true, top: (t) => top.has(t.n), stopped: (t) => t.out === "stopped", sick: (t) => t.sick }[which];
    let n = 0;
    for (const t of data.trials) { const out = !wanted(t); document.getElementById(`${study.id}-t${t.n}`).hidden = out; n += out ? 0 : 1; }
    for (const button of root.querySelectorAll(".pick")) button.setAttribute("aria-pressed", String(button.dataset.pick === which));
    root.querySelector(".cards-count").textContent = data.words.shown.replace("{n}", n).replace("{all}", data.trials.length);
    study.pick = which;
  }

  // -- parallel coordinates -------------------------------------------------------------------------------------------

  function parallel(study) {
    const place = study.root.querySelector(".parallel"), { data } = study;
    place.style.minWidth = `${(data.axes.length + 1) * 92}px`;
    const { width, height, root } = canvas(place);
    const scored = data.trials.filter((t) => t.score !== null);
    if (!scored.length || !data.axes.length) { place.textContent = scored.length ? data.words.novariation : data.words.noscore; return; }
    const good = scored.filter((t) => !t.sick);
    const [low, high] = domain((good.length ? good : scored).map((t) => t.score), data.higher);
    const top = 34, bottom = height - 30, none = height - 10, left = 34, right = width - 50, n = data.axes.length;
    const x = (i) => left + ((right - left) * i) / n, y = scale(low, high, bottom, top);
    // The colour goes by rank: among two hundred scores that are nearly equal it still tells the best ones.
    const ranked = [...good].sort((a, b) => (data.higher ? a.score - b.score : b.score - a.score));
    const shares = new Map(ranked.map((t, i) => [t, ranked.length > 1 ? i / (ranked.length - 1) : 1])), share = (t) => shares.get(t) || 0;
    // Trials that share a level are drawn a little apart, or all of them would look like one.
    const apart = (t, i) => (data.axes[i].levels && scored.length > 1 ? (((t.n + i) * 0.618034) % 1 - 0.5) * Math.min(14, 1 + scored.length / 8) : 0);
    const places = new Map(scored.map((t) => [t, [...t.at.map((v, i) => (v === null ? none : bottom - v * (bottom - top) + apart(t, i))), y(clamp(t.score, low, high))]]));
    root.style.setProperty("--faint", clamp(60 / scored.length, 0.35, 0.75).toFixed(2));
    study.brushes = study.brushes || {};
    const threads = new Map();
    for (const t of [...scored].sort((a, b) => (a.sick !== b.sick ? (a.sick ? -1 : 1) : share(a) - share(b)))) {
      const line = svg("path", { class: `thread${t.sick ? " sick" : ""}`, d: path(places.get(t).map((v, i) => [x(i), v])) }, root);
      if (!t.sick) line.style.stroke = `color-mix(in oklab, var(--high) ${(100 * share(t) ** 2.5).toFixed(0)}%, var(--low))`;
      threads.set(t, line);
    }
    [...data.axes, { name: data.words.score, ticks: ticks(low, high, 5).map((v) => [(v - low) / (high - low), figure(v)]) }].forEach((axis, i) => {
      svg("path", { class: "axis", d: `M${x(i)} ${top}V${bottom}` }, root);
      const name = svg("text", { class: "axis-name", x: x(i), y: i % 2 ? 12 : 25, "text-anchor": i ? "middle" : "start" }, root, axis.name.length > 16 ? axis.name.slice(0, 15) + "…" : axis.name);
      if (!i) name.setAttribute("x", 0);
      const kept = axis.ticks.length > 10 ? axis.ticks.filter((_, j) => j % 2 === 0) : axis.ticks;
      for (const [v, text] of kept) svg("text", { x: x(i) + 5, y: bottom - v * (bottom - top) + 4 }, root, text.length > 9 ? text.slice(0, 8) + "…" : text);
      if (i < n && data.trials.some((t) => t.at[i] === null && t.score !== null)) svg("text", { x: x(i) + 5, y: none + 4 }, root, data.words.none);
      brush(study, i, x(i), top, none + 8, root, () => redrawn());
    });
    const redrawn = () => {
      let kept = 0;
      for (const [t, line] of threads) {
        const inside = Object.entries(study.brushes).every(([i, [a, b]]) => places.get(t)[i] >= a && places.get(t)[i] <= b);
        line.classList.toggle("out", !inside);
        kept += inside ? 1 : 0;
      }
      const any = Object.keys(study.brushes).length > 0;
      study.root.querySelector(".picked").textContent = any ? data.words.shown.replace("{n}", kept).replace("{all}", scored.length) : "";
    };
    place.onpointermove = (event) => {
      if (event.buttons) return;
      const box = place.getBoundingClientRect(), px = event.clientX - box.left, py = event.clientY - box.top;
      const i = clamp(Math.floor(((px - left) / (right - left)) * n), 0, n - 1), f = (px - x(i)) / (x(i + 1) - x(i));
      const near = nearest([...places.keys()].filter((t) => !threads.get(t).classList.contains("out")), (t) => Math.abs(places.get(t)[i] * (1 - f) + places.get(t)[i + 1] * f - py));
      for (const line of threads.values()) line.classList.remove("over");
      if (near.distance > 14 || px < left - 12 || px > right + 40) return hide();
      threads.get(near.item).classList.add("over");
      const card = document.getElementById(`${study.id}-t${near.item.n}`);
      show(`${data.words.trial} ${near.item.n} · ${data.words.score} ${figure(near.item.score)}\n${card.querySelector(".params").textContent}`, event.clientX, event.clientY);
    };
    place.onpointerleave = () => { for (const line of threads.values()) line.classList.remove("over"); hide(); };
    place.ondblclick = () => { study.brushes = {}; for (const b of root.querySelectorAll(".brush")) b.setAttribute("height", 0); redrawn(); };
    redrawn();
  }

  function brush(study, i, x, top, bottom, root, changed) {
    const [from, to] = study.brushes[i] || [0, 0];
    const mark = svg("rect", { class: "brush", x: x - 8, y: from, width: 16, height: to - from }, root);
    const hit = svg("rect", { class: "hit", x: x - 12, y: top - 6, width: 24, height: bottom - top + 8 }, root);
    let start = null;
    const at = (event) => event.clientY - root.getBoundingClientRect().top;
    hit.onpointerdown = (event) => { start = at(event); hit.setPointerCapture(event.pointerId); };
    hit.onpointermove = (event) => {
      if (start === null) return;
      const range = [Math.min(start, at(event)), Math.max(start, at(event))];
      if (range[1] - range[0] < 4) return;
      study.brushes[i] = range;
      mark.setAttribute("y", range[0]);
      mark.setAttribute("height", range[1] - range[0]);
      changed();
    };
    hit.onpointerup = (event) => {
      if (start !== null && Math.abs(at(event) - start) < 4) { delete study.brushes[i]; mark.setAttribute("height", 0); changed(); }
      start = null;
    };
  }

  // -- the table ------------------------------------------------------------------------------------------------------

  const EMPTY = new Set(["", "-", "–"]);

  function table(study) {
    const { root, data } = study;
    const element = root.querySelector(".experiments"), body = element.tBodies[0], rows = [...body.rows];
    const heads = [...element.tHead.rows[0].cells];
    const filter = root.querySelector(".filter"), outcome = root.querySelector(".outcome");
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    study.sort = (i, direction) => {
      const number = heads[i].firstElementChild.dataset.as === "number";
      const sign = direction === "descending" ? -1 : 1;
      const key = (row) => { const cell = row.cells[i]; return cell.dataset.v !== undefined ? Number(cell.dataset.v) : cell.textContent.trim(); };
      const compare = (a, b) => {
        const [p, q] = [key(a), key(b)];
        if (EMPTY.has(p) !== EMPTY.has(q)) return EMPTY.has(p) ? 1 : -1; // what is not there comes last, whichever way
        return sign * (number && typeof p === "number" && typeof q === "number" ? p - q : String(p).localeCompare(String(q), undefined, { numeric: true }));
      };
      body.append(...rows.sort(compare));
      heads.forEach((h, j) => (j === i ? h.setAttribute("aria-sort", direction) : h.removeAttribute("aria-sort")));
      study.sorted = [i, direction];
    };
    study.filter = () => {
      const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let n = 0;
      for (const row of rows) {
        row.hidden = !(wanted.every((w) => texts.get(row).includes(w)) && (!outcome.value || row.dataset.out === outcome.value));
        n += row.hidden ? 0 : 1;
      }
      root.querySelector(".count").textContent = data.words.shown.replace("{n}", n).replace("{all}", rows.length);
    };
    heads.forEach((head, i) => {
      head.firstElementChild.onclick = () => {
        const now = head.getAttribute("aria-sort");
        // A figure is first wanted from its best end, a name from A.
        const first = head.dataset.group === undefined && i > 0 && head.firstElementChild.dataset.as === "number" && data.higher ? "descending" : "ascending";
        study.sort(i, now ? (now === "ascending" ? "descending" : "ascending") : first);
      };
    });
    filter.oninput = outcome.onchange = study.filter;
    for (const box of root.querySelectorAll(".toggle")) {
      box.onchange = () => element.classList.toggle(`hide-${box.dataset.group}`, !box.checked);
    }
    study.filter();
  }

  // -- keeping up with a running study --------------------------------------------------------------------------------

  const OLD = 30 * 60 * 1000;
  const KEY = `tuner ${location.pathname}`;

  function keep(studies) {
    const known = studies.map((s) => ({
      sorted: s.sorted, pick: s.pick, filter: s.root.querySelector(".filter").value, outcome: s.root.querySelector(".outcome").value,
      toggles: [...s.root.querySelectorAll(".toggle")].map((b) => b.checked), left: [...s.root.querySelectorAll(".scroll")].map((e) => [e.scrollLeft, e.scrollTop]),
      open: [...s.root.querySelectorAll("details")].map((d) => d.open),
    }));
    try { sessionStorage.setItem(KEY, JSON.stringify({ y: scrollY, known })); } catch { /* a browser may forbid it to files */ }
  }

  function restore(studies) {
    let kept = null;
    try { kept = JSON.parse(sessionStorage.getItem(KEY)); sessionStorage.removeItem(KEY); } catch { /* as above */ }
    if (!kept) return;
    studies.forEach((s, i) => {
      const known = kept.known[i];
      if (!known) return;
      s.root.querySelector(".filter").value = known.filter;
      s.root.querySelector(".outcome").value = known.outcome;
      s.root.querySelectorAll(".toggle").forEach((b, j) => { b.checked = known.toggles[j] ?? true; b.onchange(); });
      s.root.querySelectorAll("details").forEach((d, j) => { d.open = Boolean(known.open[j]); });
      if (known.sorted) s.sort(...known.sorted);
      s.filter();
      pick(s, known.pick);
      s.root.querySelectorAll(".scroll").forEach((e, j) => { if (known.left[j]) [e.scrollLeft, e.scrollTop] = known.left[j]; });
    });
    document.documentElement.style.scrollBehavior = "auto";
    scrollTo(0, kept.y);
    document.documentElement.style.scrollBehavior = "";
  }

  function keepUp(studies) {
    const seconds = Number(document.documentElement.dataset.reload);
    if (!seconds) return;
    const age = Date.now() - Date.parse(document.querySelector("time").dateTime);
    // A driver that lives writes at least every ten minutes; killed, it leaves a page that calls itself running.
    for (const element of document.querySelectorAll(".old")) element.hidden = age < OLD;
    let touched = 0;
    for (const kind of ["pointerdown", "pointermove", "keydown", "wheel"]) addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
    setInterval(() => {
      // Nobody likes a page that moves under the hand; a tab in the background can wait.
      if (document.hidden || Date.now() - touched < 4000) return;
      keep(studies);
      location.reload();
    }, seconds * 1000);
  }

  // -- all of it ------------------------------------------------------------------------------------------------------

  const studies = [...document.querySelectorAll("[data-study]")].map((root) => ({
    root, id: root.dataset.study, data: JSON.parse(root.querySelector("script.data").textContent),
  }));
  for (const study of studies) {
    table(study);
    progress(study);
    parallel(study);
    lazily(study);
    for (const button of study.root.querySelectorAll(".pick")) button.onclick = () => pick(study, button.dataset.pick);
    pick(study, "all");
  }
  restore(studies);
  keepUp(studies);

  let width = innerWidth, waiting = null;
  function redraw() {
    for (const study of studies) {
      study.brushes = {};
      progress(study);
      parallel(study);
      for (const place of study.drawn) if (place.clientWidth) study.draw(place);
    }
  }
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(redraw, 150);
  });
  addEventListener("scroll", hide, { passive: true });
  addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  addEventListener("beforeprint", () => {
    for (const study of studies) for (const place of study.places.keys()) if (!study.drawn.has(place) && place.clientWidth) study.draw(place);
  });
})();
