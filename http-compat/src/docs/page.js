// Shows the description of the API. Everything that is shown goes into the page as text.

const METHODS = ["get", "post", "put", "patch", "delete"];

/** An element with attributes and children; children that are no elements become text. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
  made.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null));
  return made;
}

class Description {
  constructor(source) {
    this.schemas = source.components?.schemas ?? {};
    this.version = source.info.version;
    this.operations = Object.entries(source.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => this.operation(path, method, item[method])));
  }

  operation(path, method, described) {
    const failures = Object.entries(described.responses).filter(([status]) => status >= "400");
    const words = [method, path, described.summary, described["x-access"], ...failures.map(([, it]) => it.description)];
    return {
      path, method, described, failures,
      id: described.operationId,
      area: described.tags?.[0] ?? "other",
      found: words.join(" ").toLowerCase(),
    };
  }

  resolve(schema) {
    return schema?.$ref ? this.schemas[schema.$ref.split("/").pop()] ?? {} : schema ?? {};
  }

  /** The fields of an object, also of one that is put together from several. */
  fields(schema, depth = 0) {
    const whole = this.resolve(schema);
    if (depth > 8) return [];
    const required = new Set(whole.required ?? []);
    const own = Object.entries(whole.properties ?? {}).map(([name, field]) => ({ name, field, required: required.has(name) }));
    const parts = [...(whole.allOf ?? []), ...(whole.oneOf ?? [])];
    return own.concat(parts.flatMap((part) => this.fields(part, depth + 1)));
  }

  /** What a value may be, in a few words. */
  kind(schema, depth = 0) {
    const it = this.resolve(schema);
    if (depth > 4) return "…";
    if (it.enum) return it.enum.map((word) => JSON.stringify(word)).join(" | ");
    const choices = it.oneOf ?? it.anyOf;
    if (choices) return choices.map((choice) => this.kind(choice, depth + 1)).join(" | ");
    if (it.type === "array") return `array of ${this.kind(it.items, depth + 1)}`;
    const types = [it.type ?? "object"].flat().join(" | ");
    return it.format ? `${types} (${it.format})` : types;
  }

  rules(schema) {
    const it = this.resolve(schema);
    const said = {
      minLength: "at least %s characters", maxLength: "at most %s characters", minimum: "from %s", maximum: "up to %s",
      minItems: "at least %s entries", maxItems: "at most %s entries", default: "default %s", pattern: "matches %s",
    };
    const unbounded = (key) => Math.abs(it[key]) === Number.MAX_SAFE_INTEGER;
    const worded = (key) => key === "pattern" && it["x-text"];
    const rules = Object.entries(said)
      .filter(([key]) => it[key] !== undefined && !unbounded(key) && !worded(key))
      .map(([key, text]) => text.replace("%s", () => (key === "pattern" ? it[key] : JSON.stringify(it[key]))));
    return [it["x-text"], ...rules];
  }
}

/** Rows for the fields of an object and of those inside it. */
function rows(description, fields, prefix = "", depth = 0) {
  return fields.flatMap(({ name, field, required }) => {
    const rules = description.rules(field);
    const about = [description.resolve(field).description ?? field.description, ...rules].filter(Boolean);
    const row = element("tr", {},
      element("td", {}, element("code", {}, prefix + name), required ? "" : element("span", { class: "quiet" }, " optional")),
      element("td", {}, description.kind(field)),
      element("td", {}, about.join("; ")));
    const inside = description.resolve(field).type === "array" ? description.resolve(field).items : field;
    const nested = depth < 3 ? description.fields(inside) : [];
    const mark = inside === field ? "." : "[].";
    return [row, ...rows(description, nested, `${prefix}${name}${mark}`, depth + 1)];
  });
}

function table(heads, body) {
  return element("table", {},
    element("thead", {}, element("tr", {}, heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, body));
}

function content(description, title, holder, unwrap) {
  const json = holder?.content?.["application/json"];
  if (!json) return holder?.description ? [element("h4", {}, title), element("p", {}, holder.description)] : [];
  let fields = description.fields(json.schema);
  const data = unwrap && fields.find(({ name }) => name === "data");
  if (data) fields = description.fields(data.field);
  return [
    element("h4", {}, title),
    fields.length ? table(["Field", "Type", "About"], rows(description, fields)) : "",
    json.example === undefined ? "" : element("details", {},
      element("summary", {}, "Example"),
      element("pre", {}, JSON.stringify(json.example, null, 2))),
  ];
}

function access(words) {
  const said = { public: "open to everybody", signed_in: "for everybody who is signed in" };
  return words.split(" ").map((word) => {
    const [who, permission] = word.includes(":") ? word.split(":") : ["", word];
    if (said[word]) return said[word];
    if (who === "service") return `services with ${permission}`;
    return who === "admin" ? `administrators with ${permission}` : `people with ${permission}`;
  }).join("; ");
}

function article(description, operation) {
  const { path, method, described, failures, id } = operation;
  const parameters = described.parameters ?? [];
  const good = Object.entries(described.responses).filter(([status]) => status < "400");
  return element("article", { id },
    element("h3", {}, element("span", { class: `method ${method}` }, method.toUpperCase()), element("code", {}, path)),
    element("p", {}, described.summary, described.description ? ` ${described.description}` : "",
      element("br"), element("span", { class: "quiet" }, access(described["x-access"] ?? "public"))),
    parameters.length ? [
      element("h4", {}, "Parameters"),
      table(["Name", "Type", "About"], parameters.map((it) => element("tr", {},
        element("td", {}, element("code", {}, it.name), element("span", { class: "quiet" }, ` ${it.in}${it.required ? "" : ", optional"}`)),
        element("td", {}, description.kind(it.schema)),
        element("td", {}, [it.description, ...description.rules(it.schema)].filter(Boolean).join("; "))))),
    ] : "",
    content(description, "Request", described.requestBody, false),
    good.map(([status, response]) => content(description, `Answer ${status}`, response, true)),
    element("details", {},
      element("summary", {}, "Errors"),
      table(["Status", "Codes"], failures.map(([status, it]) => element("tr", {},
        element("td", {}, status), element("td", {}, element("code", {}, it.description)))))));
}

function show(description, sought) {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  const found = description.operations.filter((operation) => words.every((word) => operation.found.includes(word)));
  const areas = Map.groupBy ? Map.groupBy(found, ({ area }) => area) : found.reduce(
    (all, it) => all.set(it.area, [...(all.get(it.area) ?? []), it]), new Map());
  document.getElementById("areas").replaceChildren(...[...areas].flatMap(([area, operations]) => [
    element("h2", {}, area),
    ...operations.map(({ id, method, path }) => element("a", { href: `#${id}` },
      element("span", { class: `method ${method}` }, method.toUpperCase()), path.replace("/api/v1", ""))),
  ]));
  const articles = found.map((operation) => article(description, operation));
  document.getElementById("operations").replaceChildren(
    ...(articles.length ? articles : [element("p", {}, "Nothing is described by these words.")]));
}

async function start() {
  const answer = await fetch("/api/v1/openapi.json");
  if (!answer.ok) throw new Error(`the description answers ${answer.status}`);
  const description = new Description(await answer.json());
  document.getElementById("version").textContent = description.version;
  const filter = document.getElementById("filter");
  filter.addEventListener("input", () => show(description, filter.value));
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== filter) {
      event.preventDefault();
      filter.focus();
    }
  });
  show(description, "");
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

start().catch((error) => {
  document.getElementById("operations").replaceChildren(element("p", { role: "alert" }, `Cannot show the API: ${error.message}`));
});
