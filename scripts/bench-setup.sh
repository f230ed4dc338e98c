#!/usr/bin/env bash
# Installs the peers of scripts/bench.sh: DuckDB into target/bench/venv, GnuCOBOL by the packages of the system. The merge
# program and SQLite are built by bench.sh itself. Says what could not be installed; bench.sh leaves that peer out.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
venv=target/bench/venv
lacking=0
lacks() {
  echo "bench-setup.sh: $*" >&2
  lacking=1
}
if ! "$venv/bin/python" -c 'import duckdb, numpy, pyarrow' 2>/dev/null; then
  mkdir -p target/bench
  { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet duckdb numpy pyarrow; } || lacks "no DuckDB: python3 -m venv or pip failed"
fi
if ! command -v cobc >/dev/null; then
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    apt-get install -yq --no-install-recommends gnucobol3 || apt-get install -yq --no-install-recommends gnucobol || lacks "no GnuCOBOL: apt-get failed"
  else
    lacks "no GnuCOBOL: install its package (cobc) by hand"
  fi
fi
command -v awk >/dev/null || lacks "no awk"
command -v cc >/dev/null || lacks "no C compiler: SQLite cannot be built"
[ "$lacking" -eq 0 ] && echo "bench-setup.sh: all peers are there"
