/* What is wrong with what is on the screen now, in words; nothing where all is well. */
() => {
  const found = new Set();
  const dialog = document.querySelector("dialog[open]");
  const root = dialog ?? document.body;
  const isShown = (node) => {
    if (!node.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true })) return false;
    const at = node.getBoundingClientRect();
    return at.width > 1 && at.height > 1;
  };
  const named = (node) => `${node.tagName.toLowerCase()}${node.className && typeof node.className === "string" ? `.${node.className.trim().replaceAll(/\s+/g, ".")}` : ""}`;
  const textOf = (ids) => ids.split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
  const nameOf = (node) => {
    const by = node.getAttribute("aria-labelledby");
    if (by) return textOf(by);
    const label = node.getAttribute("aria-label");
    if (label) return label;
    if (node.labels?.length) return [...node.labels].map((one) => one.textContent).join(" ");
    const pictures = [...node.querySelectorAll("img")].map((one) => one.alt).join(" ");
    return `${node.matches("input, select, textarea") ? "" : node.textContent} ${pictures} ${node.title ?? ""}`;
  };

  // Names, and what a name must contain: the words one sees, for whoever speaks to the page.
  for (const node of root.querySelectorAll("button, a[href], input, select, textarea, summary, [role=button], [role=menuitem], [role=option], [tabindex='0'], dialog, nav, aside")) {
    if (!isShown(node)) continue;
    if (!nameOf(node).trim()) found.add(`no name: ${named(node)}`);
    if (node.matches("a[href], button") && node.querySelector("a, button")) found.add(`one inside another: ${named(node)}`);
  }
  for (const node of root.querySelectorAll("button[aria-label]")) {
    const plain = (text) => text.toLowerCase().replaceAll(/[…\s]+/g, " ").trim();
    const seen = plain(node.innerText ?? "");
    if (seen && isShown(node) && !plain(node.getAttribute("aria-label")).includes(seen))
      found.add(`the name “${node.getAttribute("aria-label")}” is not what is read: “${seen}”`);
  }
  for (const image of root.querySelectorAll("img")) if (!image.hasAttribute("alt")) found.add(`no alt: ${image.src}`);
  for (const image of root.querySelectorAll(".block-image, .accessory-image"))
    if (image.tagName === "IMG" && !image.alt.trim()) found.add(`a picture in a card without words: ${image.src}`);

  // Ids, and what points at them.
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.add(`twice: #${id}`);
  for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls", "aria-activedescendant", "for"])
    for (const node of document.querySelectorAll(`[${attribute}]`))
      for (const id of node.getAttribute(attribute).split(/\s+/))
        if (!document.getElementById(id)) found.add(`${attribute} of ${named(node)} points at nothing: ${id}`);

  // Landmarks and headings.
  if (document.querySelectorAll("main").length !== 1) found.add("there is not one main");
  if (!document.documentElement.lang) found.add("no language");
  if (document.querySelectorAll("h1").length !== 1) found.add("there is not one h1");
  for (const area of [document.querySelector("main"), document.querySelector("aside"), dialog]) {
    if (!area || !isShown(area)) continue;
    let before = area.matches("main") ? 0 : 1;
    for (const heading of area.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
      if (!isShown(heading)) continue;
      const level = Number(heading.tagName[1]);
      if (level > before + 1) found.add(`h${before} is followed by h${level}: ${heading.textContent.slice(0, 40)}`);
      before = level;
      if (!heading.textContent.trim()) found.add("an empty heading");
    }
  }
  for (const list of root.querySelectorAll("ul, ol"))
    for (const child of list.children) if (child.tagName !== "LI") found.add(`${named(child)} in a list`);
  for (const list of root.querySelectorAll("dl"))
    for (const child of list.children) if (!child.matches("div, dt, dd")) found.add(`${named(child)} in a dl`);
  for (const node of document.querySelectorAll("[aria-hidden=true]"))
    if (node.querySelector("button, a[href], input, [tabindex='0']")) found.add(`hidden and reachable: ${named(node)}`);

  // Contrast, from the colours as they are computed; what lies behind is the nearest that is not transparent.
  const parsed = (text) => {
    const parts = text.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    return { r: parts[0], g: parts[1], b: parts[2], a: parts[3] ?? 1 };
  };
  const over = (top, under) => ({
    r: top.r * top.a + under.r * (1 - top.a),
    g: top.g * top.a + under.g * (1 - top.a),
    b: top.b * top.a + under.b * (1 - top.a),
    a: 1,
  });
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const color = parsed(getComputedStyle(at).backgroundColor);
      if (color.a > 0) layers.push(color);
      if (color.a === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
  };
  const light = ({ r, g, b }) => {
    const part = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const check = (node, color, said) => {
    const style = getComputedStyle(node);
    const under = behind(node);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const has = ratio(over(parsed(color), under), under);
    if (has < least) found.add(`contrast ${has.toFixed(2)}: ${named(node)} “${said.trim().slice(0, 30)}”`);
  };
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement: node, data } = walker.currentNode;
    if (data.trim() && node && !node.closest("script, style, noscript") && isShown(node))
      check(node, getComputedStyle(node).color, data);
  }
  for (const node of root.querySelectorAll("input, textarea"))
    if (node.placeholder && isShown(node)) check(node, getComputedStyle(node, "::placeholder").color, node.placeholder);

  // Room: nothing to the side, and nothing too small for a finger.
  if (document.documentElement.scrollWidth > window.innerWidth) found.add(`the page is ${document.documentElement.scrollWidth} wide`);
  for (const node of root.querySelectorAll("*")) {
    if (!isShown(node) || node.closest("pre, .table-frame, .visually-hidden, svg, .skip")) continue;
    const at = node.getBoundingClientRect();
    const isAside = node.closest("#rail") && getComputedStyle(document.querySelector("#rail")).visibility === "hidden";
    if (!isAside && (at.right > window.innerWidth + 1 || at.left < -1)) found.add(`sticks out to ${Math.round(at.right)}: ${named(node)}`);
    const style = getComputedStyle(node);
    if (["auto", "scroll"].includes(style.overflowX) && node.scrollWidth > node.clientWidth + 1) found.add(`scrolls sideways: ${named(node)}`);
  }
  for (const node of root.querySelectorAll("button, select, input:not([type=checkbox], [type=radio])")) {
    if (!isShown(node)) continue;
    const at = node.getBoundingClientRect();
    if (at.width < 24 || at.height < 24) found.add(`${Math.round(at.width)}×${Math.round(at.height)}: ${named(node)}`);
  }
  return [...found];
};
