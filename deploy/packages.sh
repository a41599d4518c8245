# Sourced by deploy/run and deploy/test: what Debian 12 packages are needed, and how they are installed.

build_packages=(
    ca-certificates ccache cmake g++ git mold ninja-build pkg-config tzdata
    libabsl-dev libcli11-dev libgrpc++-dev libgrpc-dev libjemalloc-dev libphonenumber-dev
    libprotobuf-dev libre2-dev librocksdb-dev libsimdjson-dev libspdlog-dev libssl-dev libyaml-dev
    libzstd-dev protobuf-compiler protobuf-compiler-grpc python3 zlib1g-dev
)
test_packages=(
    clang-format-19 clang-tidy-19 libbenchmark-dev libgmock-dev libgtest-dev librapidcheck-dev
    nodejs npm python3-grpcio
)

say() { printf '%s\n' "== $*"; }

# A command that a person installed by other means counts as installed.
provided_by_hand() {
    case $1 in
        nodejs) command -v node ;;
        npm) command -v npm ;;
        python3) command -v python3 ;;
        cmake) command -v cmake ;;
        *) return 1 ;;
    esac >/dev/null 2>&1
}

install_missing() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' && continue
        provided_by_hand "$package" && continue
        missing+=("$package")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        say "packages: nothing missing"
        return
    fi
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "These packages are missing and neither root nor sudo is at hand: ${missing[*]}" >&2
            exit 2
        }
        as_root=(sudo)
    fi
    say "packages: installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
