// Makes a client with its types out of the hub's OpenAPI description, with nothing but Node:
// for each operation that is named, a function that knows its method and its address.
//
//   node generate.mjs ../../docs/openapi.json get_token put_pointers is_work_available claim_work return_result > hub.mjs
//
// Types are JSDoc comments: editors and `tsc --checkJs` read them. A hub serves its own description
// at /api/openapi.json.
import fs from "node:fs";
import path from "node:path";

const [file, ...wanted] = process.argv.slice(2);
const described = JSON.parse(fs.readFileSync(file, "utf8"));
const named = new Set(); // schemas that are used, in the order in which they are met

function type(schema) {
  if (schema === undefined || schema === true) return "any";
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    named.add(name);
    return name;
  }
  if (schema.anyOf ?? schema.oneOf) return (schema.anyOf ?? schema.oneOf).map(type).join("|");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((each) => JSON.stringify(each)).join("|");
  if (schema.type === "array") return `Array<${type(schema.items)}>`;
  if (schema.properties) return `{${members(schema, (name, kind, may) => `${name}${may ? "?" : ""}: ${kind}`).join(", ")}}`;
  if (schema.type === "object") return `Object<string, ${type(schema.additionalProperties)}>`;
  return { integer: "number", number: "number", string: "string", boolean: "boolean", null: "null" }[schema.type] ?? "any";
}

function members(schema, write) {
  return Object.entries(schema.properties ?? {}).map(([name, inner]) =>
    write(name, type(inner), !(schema.required ?? []).includes(name), inner.description));
}

const line = (text) => (text ?? "").replace(/\s+/g, " ").replaceAll("*/", "* /").trim();
const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
const content = (body) => Object.values(body?.content ?? {})[0]?.schema;

function operation(id) {
  for (const [address, methods] of Object.entries(described.paths))
    for (const [method, found] of Object.entries(methods))
      if (found.operationId === id) return written(id, method.toUpperCase(), address, found);
  throw new Error(`${file} has no operation ${id}`);
}

function written(id, method, address, found) {
  const places = [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const body = content(found.requestBody);
  const given = ["send", ...places.map(camel), ...(body ? ["body"] : [])];
  const answers = Object.entries(found.responses).filter(([status]) => status < 300)
    .map(([status, answer]) => `${status}: ${content(answer) ? type(content(answer)) : "no body"}`);
  const name = camel(id);
  const text = places.length
    ? `\`${address.replace(/\{(\w+)\}/g, (_, place) => `\${encodeURIComponent(${camel(place)})}`)}\``
    : `${name}Path`;
  return `${places.length ? "" : `export const ${name}Path = ${JSON.stringify(address)};\n`}/** ${line(found.summary)}. ${line(found.description)}
 * @param {(method: string, path: string, body?: any) => any} send
${places.map((place) => ` * @param {string} ${camel(place)}\n`).join("")}${body ? ` * @param {${type(body)}} body\n` : ""} * @returns {any} what \`send\` gives, of ${answers.join("; ")} */
export const ${name} = (${given.join(", ")}) => send(${[JSON.stringify(method), text, ...(body ? ["body"] : [])].join(", ")});
`;
}

const typedef = (name) => {
  const schema = described.components.schemas[name];
  if (!schema.properties) return `/** ${line(schema.description)} @typedef {${type(schema)}} ${name} */\n`;
  const rows = members(schema, (member, kind, may, words) =>
    ` * @property {${kind}} ${may ? `[${member}]` : member}${words ? ` ${line(words)}` : ""}\n`);
  return `/**${schema.description ? ` ${line(schema.description)}` : ""}\n * @typedef {object} ${name}\n${rows.join("")} */\n`;
};

const functions = wanted.map(operation);
const types = [];
for (const name of named) types.push(typedef(name)); // grows while it is read: types name types
console.log(`// Made from ${path.basename(file)} by generate.mjs: make it anew rather than change it.

${[...types, ...functions].join("\n")}`.trimEnd());
