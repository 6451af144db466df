# shellcheck shell=sh
# Read by script/server and script/test: what both need before they can start.

top=$(cd "$(dirname "$0")/.." && pwd)

say() {
    printf '== %s\n' "$*"
}

fail() {
    printf '%s: %s\n' "$0" "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "run as root or install sudo; needed: $*"
    fi
}

is_installed() {
    dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed
}

# Installs those of the Debian packages that are missing. apache2-bin brings httpd without starting
# a server of its own.
need() {
    command -v dpkg-query >/dev/null || fail "this is no Debian; install by hand what it calls: $*"
    missing=
    for package in "$@"; do
        is_installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "installing$missing"
    as_root apt-get update -q
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
}

need_to_build() {
    need build-essential autoconf automake libtool pkg-config apache2-bin apache2-dev \
        libapr1-dev libaprutil1-dev libaprutil1-dbd-sqlite3 libssl-dev libexpat1-dev \
        libpcre2-dev libyaml-dev libmaxminddb-dev libcurl4-openssl-dev libglib2.0-dev tzdata uap-core libcmocka-dev python3
}

# Chromium, and the library that drives it, in FOLDER/browser. Whoever has Node.js from elsewhere
# keeps it: Debian's npm goes with Debian's nodejs only.
need_browser() {
    need chromium
    command -v node >/dev/null && command -v npm >/dev/null || need nodejs npm
    mkdir -p "$1/browser"
    ! cmp -s "$top/t/browser/package-lock.json" "$1/browser/installed" || return 0
    say "installing what drives the browser"
    cp "$top"/t/browser/package*.json "$1/browser"
    npm ci --prefix "$1/browser" --ignore-scripts --no-audit --no-fund --loglevel=error
    cp "$top/t/browser/package-lock.json" "$1/browser/installed"
}

# configure_in FOLDER CONFIGURE_ARGUMENT...: out of the tree, once.
configure_in() {
    folder=$1
    shift
    if [ ! -e "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ]; then
        say "making configure"
        (cd "$top" && autoreconf -i)
    fi
    if [ -e "$top/config.status" ]; then
        say "cleaning up the build inside the source tree, which a build outside cannot stand"
        make -s -C "$top" distclean
    fi
    mkdir -p "$folder"
    if [ ! -e "$folder/config.status" ]; then
        say "configuring $folder"
        (cd "$folder" && "$top/configure" --quiet "$@")
    fi
}

# build FOLDER CONFIGURE_ARGUMENT...: again only as far as something changed.
build() {
    configure_in "$@"
    say "building $folder"
    make -s -C "$folder" -j "$(nproc)"
}

# unit_tests FOLDER: the tests of its Makefile by path, what runs long first.
unit_tests() {
    # shellcheck disable=SC2016
    printf 'print:\n\t@echo $(TESTS)\n' | make -s -C "$1" -f Makefile -f - print |
        tr ' ' '\n' | sort -r | while read -r name; do
        case $name in
        t/*.sh) [ "$1" != "$top/build" ] || echo "$top/$name" ;;
        t/*) echo "$1/$name" ;; # other words are make's own, where it remakes its Makefile first
        esac
    done
}
