import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "packages-service-client-"));
after(() => rmSync(directory, { recursive: true }));

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { cwd: directory, encoding: "utf8" });
}

test("examples of the README compile in a project that has only the tarball", () => {
  const tarball = run(process.execPath, join(root, "pack.js"), directory).trim();
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
  run("npm", "install", "--offline", "--silent", "--no-audit", "--no-fund", tarball);
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  assert.equal(examples.length, 2);
  writeFileSync(join(directory, "example.ts"), examples.join("\n"));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    const target = ["--target", "es2022", "--module", module!, "--moduleResolution", resolution!];
    run(process.execPath, compiler, "--strict", ...target, "example.ts");
  }
  const names = "import('packages-service-client').then((client) => console.log(Object.keys(client).join()))";
  assert.match(run(process.execPath, "--eval", names), /PackageReader.*createPackagesClient/);
});
