// Exact values on hover, read from the chart's own table.
(function () {
  "use strict";
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
  document.querySelectorAll("[data-chart]").forEach(hover);
})();
