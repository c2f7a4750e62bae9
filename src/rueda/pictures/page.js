// Draws each picture when it comes near the window, in the colors of the reader's mode.
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

  const near = new IntersectionObserver(
    (seen) => seen.filter((one) => one.isIntersecting && !drawn.has(one.target)).forEach((one) => draw(one.target)),
    { rootMargin: "400px" },
  );
  figures.forEach((figure) => near.observe(figure));
  dark.addEventListener("change", () => drawn.forEach(draw));
  window.addEventListener("beforeprint", () => figures.filter((one) => !drawn.has(one)).forEach(draw));
})();
