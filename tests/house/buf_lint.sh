#!/bin/sh
# Lints the public contract with buf, pinned by package-lock.json and installed into the build folder.
# Usage: buf_lint.sh SOURCE_DIR BUILD_DIR. Exit codes: 0 clean, 77 skipped because buf
# cannot be had here (no npm, no registry; a failure with REQUIRE_ALL=1), other values are findings.
set -eu

source_dir=$1
tools_dir=$2/tests/house/tools

unavailable() {
    echo "buf_lint: $1" >&2
    [ "${REQUIRE_ALL:-0}" = 1 ] && exit 1
    exit 77
}

if grep -n '"resolved"' "$source_dir/tests/house/package-lock.json"; then
    echo "buf_lint: package-lock.json names a download host; npm install --omit-lockfile-registry-resolved" >&2
    exit 1
fi

command -v node >/dev/null || unavailable "node is not installed"
command -v npm >/dev/null || unavailable "npm is not installed"
case $(uname -m) in
    x86_64) buf=node_modules/@bufbuild/buf-linux-x64/bin/buf ;;
    aarch64) buf=node_modules/@bufbuild/buf-linux-aarch64/bin/buf ;;
    *) unavailable "no pinned buf for $(uname -m)" ;;
esac

# Installed aside and moved into place whole, so that an interrupted run leaves nothing half done.
if ! cmp -s "$source_dir/tests/house/package-lock.json" "$tools_dir/package-lock.json"; then
    rm -rf "$tools_dir" "$tools_dir.new"
    mkdir -p "$tools_dir.new"
    cp "$source_dir/tests/house/package.json" "$source_dir/tests/house/package-lock.json" "$tools_dir.new"
    # npm ci passes over an optional package that it cannot fetch, hence the look at the file.
    (cd "$tools_dir.new" && npm ci --ignore-scripts --no-audit --no-fund >&2 && [ -x $buf ]) ||
        unavailable "npm could not install buf"
    mv "$tools_dir.new" "$tools_dir"
fi

cd "$source_dir"
"$tools_dir/$buf" lint
