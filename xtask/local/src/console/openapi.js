// Renders an OpenAPI document: operations by path, with parameters, bodies, and responses.
"use strict";

const openapi = (() => {
  const METHODS = ["get", "head", "post", "put", "patch", "delete", "options"];
  let root = {};

  /** Resolves a reference within the document. */
  function resolve(node) {
    for (let depth = 0; node?.$ref?.startsWith("#/") && depth < 20; depth += 1) {
      node = node.$ref.slice(2).split("/")
        .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
        .reduce((at, part) => at?.[part], root);
    }
    return node ?? {};
  }

  /** Returns a schema on one line, for tables. */
  function typeOf(schema) {
    const found = resolve(schema);
    if (found.const !== undefined) return JSON.stringify(found.const);
    if (found.enum) return found.enum.map((value) => JSON.stringify(value)).join(" | ");
    const choices = found.oneOf ?? found.anyOf;
    if (choices) return choices.map(typeOf).join(" | ");
    if (found.type === "array") return `array of ${typeOf(found.items)}`;
    const type = [found.type ?? "any"].flat().join(" | ");
    return found.format ? `${type} (${found.format})` : type;
  }

  /** Returns the JSON that a schema describes, with types in place of values. */
  function outline(schema, indent = "", depth = 0) {
    const found = resolve(schema);
    if (depth > 6) return "…";
    const choices = found.oneOf ?? found.anyOf;
    if (depth === 0 && choices) return choices.map((choice) => outline(choice, indent, 1)).join("\n\nor\n\n");
    if (found.type === "array") return `[${outline(found.items, indent, depth + 1)}]`;
    const properties = found.properties;
    if (!properties) return typeOf(found);
    const inner = `${indent}  `;
    const lines = Object.entries(properties).map(([name, property]) => {
      const optional = found.required?.includes(name) ? "" : "?";
      const about = resolve(property).description ?? property.description;
      const comment = about ? `  // ${about.split("\n")[0]}` : "";
      return `${inner}"${name}"${optional}: ${outline(property, inner, depth + 1)}${comment}`;
    });
    return `{\n${lines.join("\n")}\n${indent}}`;
  }

  function content(body) {
    return Object.entries(resolve(body).content ?? {}).flatMap(([type, media]) => [
      element("p", { className: "hint" }, type),
      media.schema ? element("pre", { className: "schema" }, outline(media.schema)) : null,
      ...Object.values(media.examples ?? {}).map(({ value }) =>
        element("pre", {}, JSON.stringify(value, null, 2))),
    ]);
  }

  function parameters(found) {
    if (found.length === 0) return [];
    const rows = found.map(resolve).map((parameter) => [
      element("code", {}, parameter.name),
      parameter.in,
      typeOf(parameter.schema),
      parameter.required ? "yes" : "",
      element("span", {}, ...prose(parameter.description)),
    ]);
    return [element("h3", {}, "Parameters"), table(["Name", "In", "Type", "Required", "Meaning"], rows)];
  }

  function responses(found) {
    const entries = Object.entries(found ?? {});
    if (entries.length === 0) return [];
    const rows = entries.map(([status, response]) => [
      element("code", {}, status), element("span", {}, ...prose(resolve(response).description))]);
    const bodies = entries.filter(([status]) => status.startsWith("2"))
      .flatMap(([status, response]) => {
        const shown = content(response);
        return shown.length ? [element("h3", {}, `Response ${status}`), ...shown] : [];
      });
    return [element("h3", {}, "Responses"), table(["Status", "When"], rows), ...bodies];
  }

  function operation(path, method, shared, found) {
    const body = found.requestBody ? [element("h3", {}, "Body"), ...content(found.requestBody)] : [];
    return element("details", {},
      element("summary", {},
        element("code", { className: "method" }, method.toUpperCase()),
        element("code", {}, path),
        element("span", {}, found.summary ?? found.operationId ?? "")),
      element("div", { className: "operation" },
        found.description ? element("p", {}, ...prose(found.description)) : null,
        ...parameters([...shared, ...(found.parameters ?? [])]),
        ...body,
        ...responses(found.responses)));
  }

  return {
    render(specification) {
      root = specification;
      return Object.entries(specification.paths ?? {}).flatMap(([path, routes]) =>
        METHODS.filter((method) => routes[method])
          .map((method) => operation(path, method, routes.parameters ?? [], routes[method])));
    },
  };
})();
