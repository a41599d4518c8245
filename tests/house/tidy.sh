#!/usr/bin/env bash
# clang-tidy-19 on the sources that changed since a commit.
#   tests/house/tidy.sh BINARY_DIR [BASE]     BASE: default the commit before this one
set -euo pipefail
cd "$(dirname "$0")/../.."
binary_dir=$1
base=${2:-HEAD~1}
git rev-parse --quiet --verify "$base^{commit}" >/dev/null || {
    echo "tidy: $base is not in this clone; nothing to compare with"
    exit 0
}
mapfile -t changed < <(git diff --name-only --diff-filter=d "$base" -- '*.cc')
if [ ${#changed[@]} -eq 0 ]; then
    echo "tidy: no source changed since $base"
    exit 0
fi
echo "tidy: ${#changed[@]} sources changed since $base"
printf '%s\n' "${changed[@]}" | xargs -P 2 -n 4 clang-tidy-19 --quiet -p "$binary_dir"
