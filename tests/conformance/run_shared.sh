#!/bin/sh
# run_shared.sh CEL_CONFORMANCE DEFAULT_SHARED
# Runs the shared CEL cases. TOUCHSTONE_SHARED says where the shared folder is; without the cases
# the test is skipped (77), or fails when REQUIRE_ALL=1.
runner=$1
oracles=${TOUCHSTONE_SHARED:-$2}/oracles
if [ ! -f "$oracles/cel_dev.jsonl" ]; then
  echo "no CEL cases in $oracles: set TOUCHSTONE_SHARED to the folder that holds oracles/"
  if [ "$REQUIRE_ALL" = 1 ]; then
    echo "REQUIRE_ALL=1: missing cases are a failure"
    exit 1
  fi
  exit 77
fi
status=0
for cases in cel_dev.jsonl cel_nullable_derived.jsonl; do
  if [ -f "$oracles/$cases" ]; then
    echo "$cases"
    "$runner" "$oracles/$cases" || status=1
  fi
done
exit $status
