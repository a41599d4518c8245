#!/usr/bin/env bash
# clang-tidy-19 on the lines of sources that changed since a commit.
#   tests/house/tidy.sh BINARY_DIR [BASE]     BASE: default the commit before this one
set -euo pipefail
cd "$(dirname "$0")/../.."
binary_dir=$1
base=${2:-HEAD~1}
git rev-parse --quiet --verify "$base^{commit}" >/dev/null || {
    echo "tidy: $base is not in this clone; nothing to compare with"
    exit 0
}
# What another preset builds is not in this one's database.
changed=()
while read -r file; do
    grep -q "/$file\"" "$binary_dir/compile_commands.json" && changed+=("$file")
done < <(git diff --name-only --diff-filter=d "$base" -- '*.cc')
if [ ${#changed[@]} -eq 0 ]; then
    echo "tidy: no source changed since $base"
    exit 0
fi
echo "tidy: ${#changed[@]} sources changed since $base"
git diff --unified=0 "$base" -- "${changed[@]}" |
    clang-tidy-diff-19.py -p1 -j2 -quiet -path "$binary_dir" -clang-tidy-binary clang-tidy-19
