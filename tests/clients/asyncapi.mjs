/** Parses the AsyncAPI document that EVENTS names with AsyncAPI's own parser, and prints what it finds, a line each. */

import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const KNOWN = new Set(["asyncapi-latest-version"]); // 3.0.0 is what generators read today
const { document, diagnostics } = await new Parser().parse(readFileSync(process.env.EVENTS, "utf8"));
for (const { code, path, message } of diagnostics) {
  if (!KNOWN.has(code)) console.log(`${code} ${path.join(".")}: ${message}`);
}
const messages = document?.allMessages().all() ?? [];
console.log(`${messages.length} messages, ${messages.filter((each) => each.examples().length > 0).length} with an example`);
