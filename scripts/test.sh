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
echo "==> tests: unit, kubelet on containerd, end to end"
vitest run --reporter=default --reporter=json --outputFile.json=dist/tests.json || status=$?
node -e '
const report = JSON.parse(require("node:fs").readFileSync("dist/tests.json", "utf8"));
const skipped = report.numPendingTests + report.numTodoTests;
console.log(`${report.numPassedTests} passed, ${report.numFailedTests} failed${skipped ? `, ${skipped} skipped` : ""}`);
'
exit "$status"
