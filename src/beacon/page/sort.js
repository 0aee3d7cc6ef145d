"use strict";
// Sorts the rows of a fleet by the column whose heading is pressed, the other way round when it is
// pressed again. It makes no markup: around the words of each heading it puts a button.
(() => {
  const rows = document.getElementById("images");
  const heads = Array.from(rows.parentElement.tHead.rows[0].cells);
  const collator = new Intl.Collator("en", { numeric: true });

  const sort = (column) => {
    const head = heads[column];
    const direction = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    for (const each of heads) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const found = Array.from(rows.rows, (row) => [row.cells[column].textContent, row]);
    found.sort(([one], [other]) => sign * collator.compare(one, other));
    rows.append(...found.map(([, row]) => row));
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column));
    head.append(button);
  });
})();
