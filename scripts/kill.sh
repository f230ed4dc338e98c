#!/usr/bin/env bash
# kill.sh KILLS [SEED]
# So many real SIGKILLs of the built binary at random times while it runs, each followed by a run to the end and a
# comparison with a site whose run was never killed. $SEKISHO names the binary (default: the release build of this
# checkout). See scripts/kill.py.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  echo "usage: kill.sh KILLS [SEED]" >&2
  exit 2
fi
export SEKISHO="${SEKISHO:-$here/../target/release/sekisho}"
exec python3 "$here/kill.py" "$@"
