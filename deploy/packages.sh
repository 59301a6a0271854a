# Sourced by deploy/run and tests/run: which Debian packages there must be, and how they get there.

# Debian 12 has Boost 1.81 under its own name, Debian 13 has 1.83 as the default.
boost_package() {
  if [ -n "$(apt-cache pkgnames libboost1.81-dev 2>/dev/null)" ]; then echo libboost1.81-dev; else echo libboost-dev; fi
}

server_packages="g++ cmake ninja-build pkg-config libcaf-dev nlohmann-json3-dev libsqlite3-dev libssl-dev zlib1g-dev libjwt-dev libcurl4-openssl-dev libcli11-dev libtomlplusplus-dev libjemalloc-dev"
# ccache makes the second build fast; the server does without it.
test_packages="catch2 ccache sqlite3 openssl python3 python3-websockets golang-go"
# What makes the Debian package.
package_packages="dpkg-dev file"
# What tests look at it with, and at what else deploy/ has.
deploy_test_packages="binutils man-db systemd python3-yaml nginx-light haproxy openssl prometheus zsh fish"
# The page's other engines; WebKit needs a display.
engine_packages="firefox-esr webkit2gtk-driver xvfb"
# libFuzzer comes with clang, its library apart.
fuzz_packages="clang libclang-rt-dev ccache"

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# need PACKAGE...: installs those that are missing, as root or with sudo, and says so.
need() {
  local missing="" p sudo=""
  for p in "$@"; do installed "$p" || missing="$missing $p"; done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "These Debian packages are missing, and there is neither root nor sudo to install them:$missing" >&2; exit 1; }
    sudo=sudo
  fi
  echo "==> Installing Debian packages:$missing" >&2
  export DEBIAN_FRONTEND=noninteractive
  $sudo apt-get update -q >&2
  # shellcheck disable=SC2086
  $sudo apt-get install -y -q --no-install-recommends $missing >&2
}

# Chromium without windows needs half of the time; where it cannot be had, the whole one will do.
need_browser() { need chromium-headless-shell || need chromium; }

need_for_server() {
  # The name of Boost's package can be looked up only where apt has its lists.
  if ! installed libboost1.81-dev && ! installed libboost-dev; then
    [ -n "$(apt-cache pkgnames libboost 2>/dev/null)" ] || { [ "$(id -u)" = 0 ] && apt-get update -q >&2 || sudo apt-get update -q >&2; }
    # shellcheck disable=SC2086
    need $server_packages "$(boost_package)"
  else
    # shellcheck disable=SC2086
    need $server_packages
  fi
}
