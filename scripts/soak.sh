#!/usr/bin/env bash
# The long forms of the tests against faults, one after the other, with seeds and a report (docs/reliability.md).
# Usage: scripts/soak.sh [SCALE] [SEED] [STEP...]
#   SCALE  1 is the form of a night (some hours on two cores), 0.01 a trial; default 1
#   SEED   first seed; default is drawn and printed, so that a failure can be repeated
#   STEP   which of the steps below; default all
# The report goes to standard output and to target/soak-SEED.txt. Ends with 1 if a step failed.
set -uo pipefail
cd "$(dirname "$0")/.."
scale=${1:-1}
seed=${2:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
shift $(($# < 2 ? $# : 2))
wanted=" ${*:-depth kill model same flips flips-large edits errors mutated fuzz} "
report=target/soak-$seed.txt
mkdir -p target
times() { awk -v n="$1" -v s="$scale" 'BEGIN { n = int(n * s); print n < 1 ? 1 : n }'; }
say() { printf '%s\n' "$*" | tee -a "$report"; }

failed=0
step() {
  local name=$1 what=$2
  shift 2
  [[ $wanted == *" $name "* ]] || return 0
  local log=target/soak-$seed-$name.log begun=$SECONDS verdict=held
  "$@" >"$log" 2>&1 || { verdict=FAILED failed=1; }
  say "$(printf '%-12s %-6s %6s s  %s' "$name" "$verdict" $((SECONDS - begun)) "$what")"
  [[ $1 != long ]] || set -- env "$2" SEKISHO_SEED="$seed" cargo test --test it "$3"
  say "             $*"
  [[ $verdict == held ]] || tail -n 20 "$log" | tee -a "$report"
}
long() { env "$1" SEKISHO_SEED="$seed" cargo test --quiet --test it "$2" -- --nocapture; }

: >"$report"
say "soak: commit $(git rev-parse --short HEAD 2>/dev/null || echo none), $(date -u +%Y-%m-%dT%H:%MZ), scale $scale, seed $seed"
cargo test --quiet --no-run && cargo build --quiet --release || exit 1
step depth "F6: $(times 100000) histories of losses, kills and errors, to depth 3" long SEKISHO_SOAK="$(times 100000)" power::depth
step kill "F1: $(times 1000) real SIGKILLs of the built binary" scripts/kill.sh "$(times 1000)" "$seed"
step model "F13: $(times 10000) random histories against the reference model" long SEKISHO_SOAK="$(times 10000)" model::the_program
step same "F19: $(times 25) worlds on 1, 2, 8 and again 1 threads" long SEKISHO_SOAK="$(times 25)" same::
step flips "F9: every bit of every file of a small site" long SEKISHO_SOAK=1 verified::flips::every_bit
step flips-large "F9: $(times 100000) random bits of a larger site" long SEKISHO_FLIPS="$(times 100000)" verified::flips::random
step edits "F18: every value of every byte of a small ledger" long SEKISHO_SOAK=1 ledger::edits::every_edit
step errors "F4: every error at every operation, once and for ever" long SEKISHO_SOAK=1 errors::nth
step mutated "F17: $(times 100000) mutated inputs for each parser, without a fuzzer" \
  env SEKISHO_MUTATION_SEED="$seed" SEKISHO_MUTATIONS="$(times 100000)" cargo test --quiet --test it fuzzed:: -- --nocapture
step fuzz "F17: libFuzzer on every parser, $(times 20000) s in all" env SEKISHO_FUZZ_SEED="$seed" scripts/fuzz.sh "$(times 20000)"
say "$([[ $failed == 0 ]] && echo 'all held' || echo 'something failed: the logs are in target/')"
exit $failed
