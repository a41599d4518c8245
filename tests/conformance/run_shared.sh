#!/bin/sh
# run_shared.sh RUNNER DEFAULT_SHARED CASES.jsonl...
# Runs shared cases, the first file and those of the others that are there. TOUCHSTONE_SHARED says
# where the shared folder is; without the cases the test is skipped (77), or fails when
# REQUIRE_ALL=1.
runner=$1
oracles=${TOUCHSTONE_SHARED:-$2}/oracles
shift 2
if [ ! -f "$oracles/$1" ]; then
  echo "no $1 in $oracles: set TOUCHSTONE_SHARED to the folder that holds oracles/"
  if [ "$REQUIRE_ALL" = 1 ]; then
    echo "REQUIRE_ALL=1: missing cases are a failure"
    exit 1
  fi
  exit 77
fi
status=0
for cases in "$@"; do
  if [ -f "$oracles/$cases" ]; then
    echo "$cases"
    "$runner" "$oracles/$cases" || status=1
  fi
done
exit $status
