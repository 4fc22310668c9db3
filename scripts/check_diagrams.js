// Parses diagrams as the browser will: node check_diagrams.js mermaid.min.js < [[where, text], ...]; a line for each that fails.
const fs = require("fs");

// Mermaid's sanitizer asks for a window; in this one it finds no DOM and lets labels through.
class Element {}
globalThis.document = { nodeType: 9, implementation: {}, createElement: () => ({}) };
globalThis.window = { document, Element, addEventListener() {} };
require("vm").runInThisContext(fs.readFileSync(process.argv[2], "utf8"));

(async () => {
  for (const [where, text] of JSON.parse(fs.readFileSync(0, "utf8"))) {
    try {
      await globalThis.mermaid.parse(text);
    } catch (error) {
      console.log(`${where}: ${error.message}`);
      process.exitCode = 1;
    }
  }
})();
