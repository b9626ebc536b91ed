#!/usr/bin/env bash
# Runs lint, types and every test, and ends with one line that counts them.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
mkdir -p dist
scripts/setup.sh --for-tests
echo "==> lint and types"
biome check .
tsc --noEmit
tsc --noEmit --project src/watch/web/page
status=0
rm -f dist/tests-*.json
run() {
  local project=$1 report=$2
  shift 2
  vitest run --project "$project" --reporter=default --reporter=json --outputFile.json="$report" "$@"
}
# One after another: clusters under test should not share the machine with anything.
for project in unit runtime e2e; do
  echo "==> tests: $project"
  run "$project" "dist/tests-$project.json" && continue
  # Unit tests must pass at once. With real clusters, a loaded machine may miss a deadline: such a file runs once more,
  # and the summary names what needed it.
  if [ "$project" = unit ] || [ ! -f "dist/tests-$project.json" ]; then status=1; continue; fi
  mapfile -t failed < <(node scripts/test-summary.ts failed-files "dist/tests-$project.json")
  # An error outside every test names no file: nothing to try again.
  if [ "${#failed[@]}" = 0 ]; then status=1; continue; fi
  echo "==> tests: $project, second attempt of ${failed[*]}"
  run "$project" "dist/tests-$project-again.json" "${failed[@]}" || status=1
done
echo "==> tests: upstream's own, the quick ones"
rm -f dist/conformance/counts.json
# Images that the tests pull are built first; a test that the machine's load failed may try once more.
node e2e/conformance/main.ts --focus quick --cluster "${KLAB_E2E_PREFIX:-e2e}-conformance" --out dist/conformance --flake-attempts 2 || status=1
node scripts/test-summary.ts total dist/conformance/counts.json dist/tests-unit.json \
  dist/tests-runtime.json:dist/tests-runtime-again.json dist/tests-e2e.json:dist/tests-e2e-again.json || status=1
exit "$status"
