#!/usr/bin/env bash
# fuzz.sh SECONDS [TARGET...]      SECONDS for all targets together
# fuzz.sh --runs N [TARGET...]     N inputs for each target
#
# Builds the fuzz targets (nightly toolchain, cargo-fuzz) and runs them one after another with bounded memory, from the
# seeds that the targets write themselves, the inputs of fixtures/fuzz and what earlier runs kept in fuzz/corpus. One line
# a target: inputs tried, inputs per second, edges covered, findings. SEKISHO_FUZZ_SEED sets the seed of the first target
# (1); each next one has the next number. SEKISHO_FUZZ_BUILT=1: the targets are built already.
# Exit code: 0 nothing found, 1 something found, 2 cannot run.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "fuzz.sh: $*" >&2; exit 2; }
usage="usage: fuzz.sh SECONDS [TARGET...] | fuzz.sh --runs N [TARGET...]"
runs=
case "${1:-}" in
  --runs) runs="${2:-}"; shift 2 || say "$usage"; [[ "$runs" =~ ^[1-9][0-9]*$ ]] || say "$usage" ;;
  *) seconds="${1:-}"; [[ "$seconds" =~ ^[1-9][0-9]*$ ]] || say "$usage"; shift ;;
esac
mapfile -t all < <(sed -n 's|^path = "targets/\(.*\)\.rs"$|\1|p' fuzz/Cargo.toml)
targets=("${@:-${all[@]}}")
for target in "${targets[@]}"; do
  printf '%s\n' "${all[@]}" | grep -qx -- "$target" || say "no target $target; there are: ${all[*]}"
done
command -v cargo >/dev/null || say "no cargo"
cargo +nightly --version >/dev/null 2>&1 || say "no nightly toolchain: rustup toolchain install nightly --profile minimal"
cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
# No unsafe code in the product: without a sanitizer twice as many inputs are tried; src/bounded.rs limits memory.
[ -n "${SEKISHO_FUZZ_BUILT:-}" ] || cargo +nightly fuzz build --sanitizer none
host=$(rustc +nightly -vV | sed -n 's/^host: //p')
seed="${SEKISHO_FUZZ_SEED:-1}"
found=0
printf '%-17s %6s %12s %9s %7s %7s %s\n' target seed inputs per-sec edges corpus findings
for target in "${targets[@]}"; do
  binary="fuzz/target/$host/release/$target"
  [ -x "$binary" ] || say "$binary is not built"
  corpus="fuzz/corpus/$target"; made="fuzz/corpus/.made/$target"; kept="fuzz/artifacts/$target"; log="fuzz/artifacts/$target.log"
  mkdir -p "$corpus" "$made" "$kept"
  SEKISHO_FUZZ_SEEDS="$made" "$binary" -runs=0 "$made" >/dev/null 2>&1 || say "$target: its seeds cannot be written"
  folders=("$corpus" "$made/seeds")
  [ ! -d "fixtures/fuzz/$target" ] || folders+=("fixtures/fuzz/$target")
  if [ -n "$runs" ]; then how=("-runs=$runs"); else how=("-max_total_time=$(((seconds + ${#targets[@]} - 1) / ${#targets[@]}))"); fi
  code=0
  "$binary" "${how[@]}" "-seed=$seed" "-dict=$made/dictionary" "-artifact_prefix=$kept/" -max_len=16384 -rss_limit_mb=512 \
    -timeout=10 -print_final_stats=1 "${folders[@]}" >"$log" 2>&1 || code=$?
  stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -1; }
  edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
  result=none
  if [ "$code" -ne 0 ]; then
    found=1
    input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -1)
    result="${input:-see $log}"
  fi
  inputs=$(stat number_of_executed_units)
  printf '%-17s %6s %12s %9s %7s %7s %s\n' "$target" "$seed" "${inputs:-?}" "$(stat average_exec_per_sec)" "${edges:-?}" "$(find "$corpus" -type f | wc -l)" "$result"
  if [ "$code" -ne 0 ]; then
    grep -m1 -A2 'panicked at\|asks for\|ERROR: libFuzzer' "$log" || true
    echo "  again:    $binary ${input:-INPUT}"
    echo "  minimise: cargo +nightly fuzz tmin --sanitizer none $target ${input:-INPUT}"
    echo "  then:     copy it to fixtures/fuzz/$target/ and mend the fault"
  fi
  seed=$((seed + 1))
done
exit "$found"
