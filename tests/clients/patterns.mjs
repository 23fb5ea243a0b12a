/** Prints each `pattern` of the document that is no regular expression as JSON Schema has them: ECMA-262, Unicode. */

import { readFileSync } from "node:fs";

JSON.parse(readFileSync(process.env.CONTRACT, "utf8"), (key, value) => {
  if (key !== "pattern" || typeof value !== "string") return value;
  try {
    new RegExp(value, "u");
  } catch (error) {
    console.log(error.message);
  }
  return value;
});
