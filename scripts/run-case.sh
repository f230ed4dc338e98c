#!/usr/bin/env bash
# run-case.sh CASE OUT
# Makes a site from a case folder, runs it day by day with the built binary and writes OUT in the shape of CASE/expected.
# $SEKISHO names the binary (default: the release build of this checkout). See scripts/run_case.py.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -ne 2 ]; then
  echo "usage: run-case.sh CASE OUT" >&2
  exit 2
fi
export SEKISHO="${SEKISHO:-$here/../target/release/sekisho}"
exec python3 "$here/run_case.py" "$1" "$2"
