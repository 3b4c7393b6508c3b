// Five small comforts; every page works without them.
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");

  // 1. Appearance: follows the system until the switch is used. Runs before the first paint.
  var schemes = ["system", "light", "dark"];
  function stored() {
    try { return localStorage.getItem("scheme") || "system"; } catch (e) { return "system"; }
  }
  function show(scheme) {
    root.classList.toggle("light", scheme === "light");
    root.classList.toggle("dark", scheme === "dark");
  }
  show(stored());

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-theme-switch]").forEach(function (button) {
      function label() {
        var scheme = stored();
        button.setAttribute("aria-label", "Appearance: " + scheme + ". Change");
        button.title = "Appearance: " + scheme;
      }
      label();
      button.addEventListener("click", function () {
        var next = schemes[(schemes.indexOf(stored()) + 1) % schemes.length];
        try { localStorage.setItem("scheme", next); } catch (e) { /* private window: lasts for this page */ }
        show(next);
        label();
      });
    });
    document.querySelectorAll("[data-drop]").forEach(dropZone);
    document.querySelectorAll("[data-check]").forEach(check);
    document.querySelectorAll("[data-progress]").forEach(follow);
    document.querySelectorAll("[data-chart]").forEach(hover);
    document.querySelectorAll("[data-picks]").forEach(picker);
    document.querySelectorAll("form").forEach(sendOnce);
  });

  // A form is sent once; the button says so.
  function sendOnce(form) {
    form.addEventListener("submit", function (event) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "1";
      form.setAttribute("aria-busy", "true");
    });
    window.addEventListener("pageshow", function () {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
    });
  }

  // A colour is picked or typed: each shows what the other holds.
  function picker(colour) {
    var text = document.getElementById(colour.dataset.picks);
    colour.addEventListener("input", function () { text.value = colour.value; });
    text.addEventListener("input", function () {
      if (/^#[0-9a-f]{6}$/i.test(text.value)) { colour.value = text.value; }
    });
  }

  // 2. Dropping a file onto the label of its input.
  function dropZone(zone) {
    var input = zone.querySelector("input[type=file]");
    var name = zone.querySelector("[data-file-name]");
    function changed() {
      if (input.files.length) { name.textContent = input.files[0].name; zone.classList.add("filled"); }
    }
    input.addEventListener("change", changed);
    changed();
    ["dragenter", "dragover"].forEach(function (kind) {
      zone.addEventListener(kind, function (event) { event.preventDefault(); zone.classList.add("over"); });
    });
    zone.addEventListener("dragleave", function () { zone.classList.remove("over"); });
    zone.addEventListener("drop", function (event) {
      event.preventDefault();
      zone.classList.remove("over");
      if (event.dataTransfer.files.length) { input.files = event.dataTransfer.files; changed(); }
    });
  }

  // 3. Progress of a run: told by the server; where that cannot be, asked for once a second, less often
  // when the tab is hidden or the server is away.
  function follow(box) {
    var bar = box.querySelector("progress");
    var percent = box.querySelector("[data-progress-percent]");
    var text = box.querySelector("[data-progress-text]");
    var wait = 1000;
    function update(now) {
      bar.value = now.percent;
      percent.textContent = now.percent;
      if (text.textContent !== now.text) { text.textContent = now.text; }
      var passed = true;
      box.querySelectorAll("[data-stage]").forEach(function (item) {
        var current = item.dataset.stage === now.stage;
        if (current) { passed = false; }
        var queued = now.state === "queued";
        item.className = queued ? "waiting" : current ? "current" : passed ? "done" : "waiting";
        var note = item.querySelector("[data-note]");
        note.textContent = current && !queued && now.detail ? now.detail : note.dataset.note;
      });
    }
    var source;
    function listen() {
      source = new EventSource(box.dataset.progress + "/events");
      source.addEventListener("progress", function (event) { update(JSON.parse(event.data)); });
      source.addEventListener("end", function () { source.close(); location.reload(); });
      // A stream that ended is opened again by the browser; one that was refused is not.
      source.addEventListener("error", function () { if (source.readyState === 2) { source = null; ask(); } });
    }
    // A browser has few connections to a host: a hidden page gives its own back.
    document.addEventListener("visibilitychange", function () {
      if (!source) { return; }
      if (document.hidden) { source.close(); } else { listen(); }
    });
    function ended(now) { return now.state !== "queued" && now.state !== "running"; }
    function again() { setTimeout(ask, document.hidden ? Math.max(wait, 10000) : wait); }
    function ask() {
      fetch(box.dataset.progress + "/progress", { headers: { Accept: "application/json" }, credentials: "same-origin" })
        .then(function (answer) {
          if (answer.status === 401 || answer.status === 404) { location.reload(); throw new Error("gone"); }
          if (!answer.ok) { throw new Error("later"); }
          return answer.json();
        })
        .then(function (now) {
          if (ended(now)) { location.reload(); return; }
          wait = 1000;
          update(now);
          again();
        })
        .catch(function (error) {
          if (error.message === "gone") { return; }
          wait = Math.min(wait * 2, 30000);
          text.textContent = "No answer at the moment; trying again";
          again();
        });
    }
    if (window.EventSource) { listen(); } else { setTimeout(ask, wait); }
  }

  // 4. Exact values on hover, read from the chart's own table.
  function hover(box) {
    var table = document.querySelector('[data-table="' + box.dataset.chart + '"]');
    if (!table) { return; }
    var heads = Array.from(table.tHead.rows[0].cells, function (cell) { return cell.textContent; });
    var tip = document.createElement("div");
    tip.className = "tip";
    tip.setAttribute("aria-hidden", "true");
    tip.hidden = true;
    box.appendChild(tip);
    box.querySelectorAll("rect.hover").forEach(function (area) {
      var rows = table.tBodies[0].rows;
      var line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      line.setAttribute("class", "cursor");
      area.parentNode.insertBefore(line, area);
      var left = Number(area.getAttribute("x")), width = Number(area.getAttribute("width"));
      var top = Number(area.getAttribute("y")), height = Number(area.getAttribute("height"));
      area.addEventListener("pointermove", function (event) {
        var shape = area.getBoundingClientRect();
        var part = Math.min(1, Math.max(0, (event.clientX - shape.left) / shape.width));
        var at = Math.round(part * (rows.length - 1));
        var row = rows[at];
        if (!row) { return; }
        var x = left + width * (rows.length > 1 ? at / (rows.length - 1) : 0.5);
        line.setAttribute("x1", x); line.setAttribute("x2", x);
        line.setAttribute("y1", top); line.setAttribute("y2", top + height);
        line.style.visibility = "visible";
        tip.textContent = "";
        Array.from(row.cells).forEach(function (cell, n) {
          var entry = document.createElement(n ? "span" : "strong");
          entry.textContent = n ? heads[n].replace(/ \([^()]*\)$/, "") + "  " + cell.textContent : cell.textContent;
          tip.appendChild(entry);
        });
        tip.hidden = false;
        var frame = box.getBoundingClientRect();
        var place = event.clientX - frame.left + 14;
        if (place + tip.offsetWidth > frame.width) { place = event.clientX - frame.left - tip.offsetWidth - 14; }
        tip.style.left = Math.max(0, place) + "px";
        tip.style.top = Math.max(0, Math.min(event.clientY - frame.top - 10, frame.height - tip.offsetHeight)) + "px";
      });
      area.addEventListener("pointerleave", function () { tip.hidden = true; line.style.visibility = "hidden"; });
    });
  }

  // 5. A word about an address while it is typed; the button beside it asks the same.
  function check(input) {
    var said = input.closest(".field").querySelector("[data-checked]"), waiting;
    input.addEventListener("input", function () {
      clearTimeout(waiting);
      said.textContent = "";
      if (!input.value) { return; }
      waiting = setTimeout(function () {
        var asked = input.value;
        fetch(input.dataset.check + "?subdomain=" + encodeURIComponent(asked), { headers: { Accept: "application/json" }, credentials: "same-origin" })
          .then(function (answer) { return answer.ok ? answer.json() : { message: "" }; })
          .then(function (answer) { if (input.value === asked) { said.textContent = answer.message; } })
          .catch(function () { /* the form says it when it is sent */ });
      }, 300);
    });
  }
})();
