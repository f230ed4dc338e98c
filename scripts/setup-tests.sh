#!/usr/bin/env bash
# Installs what the tests need beside the toolchain: python3 and its package "cryptography", for the independent reader.
set -euo pipefail
if ! command -v cc >/dev/null || ! command -v python3 >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -yq --no-install-recommends build-essential python3 python3-pip
fi
if ! python3 -c 'import cryptography' 2>/dev/null; then
  python3 -m pip --version >/dev/null 2>&1 || apt-get install -yq --no-install-recommends python3-pip
  python3 -m pip install --quiet cryptography || python3 -m pip install --quiet --break-system-packages cryptography
fi
