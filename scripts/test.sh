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
echo "==> tests: upstream's own, the quick ones"
rm -f dist/conformance/counts.json
# Images that the tests pull are built first; a test that the machine's load failed may try once more.
node e2e/conformance/main.ts --focus quick --cluster "${KLAB_E2E_PREFIX:-e2e}-conformance" --out dist/conformance --flake-attempts 2 || status=$?
node -e '
const read = (file) => JSON.parse(require("node:fs").readFileSync(file, "utf8"));
const upstream = (() => { try { return read("dist/conformance/counts.json"); } catch { return { passed: 0, failed: 1, skipped: 0 }; } })();
const counts = ["unit", "runtime", "e2e"].map((project) => read(`dist/tests-${project}.json`));
const sum = (key) => counts.reduce((total, report) => total + report[key], 0);
const skipped = sum("numPendingTests") + sum("numTodoTests") + upstream.skipped;
console.log(`${sum("numPassedTests") + upstream.passed} passed, ${sum("numFailedTests") + upstream.failed} failed${skipped ? `, ${skipped} skipped` : ""}`);
'
exit "$status"
