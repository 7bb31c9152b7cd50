// Packs the client as an npm tarball into a directory, and prints its path. The same source gives the same bytes.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const source = dirname(fileURLToPath(import.meta.url));
const output = resolve(process.argv[2] ?? "build");
const stage = join(output, "package");

rmSync(stage, { recursive: true, force: true });
mkdirSync(stage, { recursive: true });

const compiler = join(source, "node_modules/typescript/bin/tsc");
const compile = ["--project", join(source, "tsconfig.dist.json"), "--outDir", join(stage, "dist")];
execFileSync(process.execPath, [compiler, ...compile], { stdio: ["ignore", "inherit", "inherit"] });

const { scripts: _, devDependencies: __, ...manifest } = JSON.parse(
  readFileSync(join(source, "package.json"), "utf8"),
);
writeFileSync(join(stage, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
cpSync(join(source, "README.md"), join(stage, "README.md"));
cpSync(join(source, "../../LICENSE"), join(stage, "LICENSE"));
// npm packs bundled dependencies only from the directory itself, and `node_modules` can be a link.
for (const name of ["openapi-fetch", "openapi-typescript-helpers"]) {
  cpSync(join(source, "node_modules", name), join(stage, "node_modules", name), { recursive: true });
}

const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", output];
const name = execFileSync("npm", pack, { cwd: stage, encoding: "utf8" }).trim();
console.log(join(output, name));
