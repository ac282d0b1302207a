"use strict";

// A click on a heading sorts: upwards, then downwards, then as the book has it. What is missing stays last.
function sortable(table) {
  const body = table.tBodies[0];
  const inOrder = [...body.rows];
  const headings = [...table.tHead.rows[0].cells];
  const keys = new Map();

  function key(row, column) {
    const cell = row.cells[column];
    if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
    const text = (cell.querySelector("a") ?? cell).textContent.trim();
    return text === "-" || text === "" ? null : text;
  }

  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), undefined, { numeric: true });
  }

  function sort(column) {
    const heading = headings[column];
    const before = heading.getAttribute("aria-sort");
    const order = before === "ascending" ? "descending" : before === "descending" ? null : "ascending";
    headings.forEach((other) => other.removeAttribute("aria-sort"));
    let rows = inOrder;
    if (order) {
      heading.setAttribute("aria-sort", order);
      if (!keys.has(column)) keys.set(column, new Map(inOrder.map((row) => [row, key(row, column)])));
      const found = keys.get(column);
      const sign = order === "ascending" ? 1 : -1;
      const known = inOrder.filter((row) => found.get(row) !== null);
      known.sort((a, b) => sign * compare(found.get(a), found.get(b)));
      rows = known.concat(inOrder.filter((row) => found.get(row) === null));
    }
    body.append(...rows);
  }

  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(column));
    heading.append(button);
  });
  searchable(table, inOrder);
}

// A row in words: names and contracts, but not numbers, in which any digits would be found.
function wordsOf(row) {
  const cells = [...row.cells].filter((cell) => !cell.classList.contains("number"));
  return cells.map((cell) => cell.textContent).join(" ").toLowerCase();
}

// Where there is more than a screen of trades, a field shows those that have its words.
function searchable(table, rows) {
  if (rows.length < 15) return;
  const texts = rows.map(wordsOf);
  const field = document.createElement("input");
  const count = document.createElement("span");
  const line = document.createElement("p");
  const label = document.createElement("label");
  field.type = "search";
  count.setAttribute("role", "status");
  label.append("Show trades with ", field);
  line.className = "search";
  line.append(label, " ", count);
  table.parentElement.before(line);
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      row.hidden = !words.every((word) => texts[i].includes(word));
      shown += row.hidden ? 0 : 1;
    });
    count.textContent = words.length ? `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")}` : "";
  });
}

document.querySelectorAll("table.sortable").forEach(sortable);
