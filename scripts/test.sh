#!/usr/bin/env bash
# Runs lint, types and every test, and ends with one line that counts them.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
mkdir -p dist
echo "==> lint and types"
biome check .
tsc --noEmit
status=0
# One after another: clusters under test should not share the machine with anything.
for project in unit runtime e2e; do
  echo "==> tests: $project"
  vitest run --project "$project" --reporter=default --reporter=json --outputFile.json="dist/tests-$project.json" || status=$?
done
node -e '
const counts = ["unit", "runtime", "e2e"].map((project) => JSON.parse(require("node:fs").readFileSync(`dist/tests-${project}.json`, "utf8")));
const sum = (key) => counts.reduce((total, report) => total + report[key], 0);
const skipped = sum("numPendingTests") + sum("numTodoTests");
console.log(`${sum("numPassedTests")} passed, ${sum("numFailedTests")} failed${skipped ? `, ${skipped} skipped` : ""}`);
'
exit "$status"
