// Reads a BPMN file with bpmn-moddle and prints its warnings, one a line.
const [, , modules, file] = process.argv;
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { pathToFileURL } = require("node:url");
const entry = createRequire(modules + "/")
  .resolve("bpmn-moddle");
import(pathToFileURL(entry)).then(async (loaded) => {
  const BpmnModdle = loaded.BpmnModdle || loaded.default;
  const { warnings } = await new BpmnModdle().fromXML(readFileSync(file, "utf8"));
  for (const warning of warnings) console.log(warning.message);
});
