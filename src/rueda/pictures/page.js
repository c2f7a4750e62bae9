// Draws each picture as soon as it has room, in the colors of the reader's mode.
(() => {
  const look = JSON.parse(document.getElementById("look").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const figures = [...document.querySelectorAll("figure[data-picture]")];
  const drawn = new Set();

  const draw = (figure) => {
    drawn.add(figure);
    const spec = JSON.parse(document.getElementById(figure.dataset.picture).textContent);
    vegaEmbed(figure.querySelector(".plot"), spec, {
      mode: "vega-lite",
      renderer: "svg",
      // Expressions are walked as trees: the page forbids making code of text.
      ast: true,
      config: dark.matches ? look.dark : look.light,
      actions: { export: true, source: false, compiled: false, editor: false },
    });
  };

  // A closed fold has no width to draw in.
  const open = (figure) => !figure.closest("details:not([open])");
  const drawOpen = () => figures.filter((one) => open(one) && !drawn.has(one)).forEach(draw);
  drawOpen();
  document.querySelectorAll("details").forEach((fold) => fold.addEventListener("toggle", drawOpen));
  dark.addEventListener("change", () => drawn.forEach(draw));
})();
