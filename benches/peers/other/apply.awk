# The sequential update (balanced line) in awk: the register on standard input, the notices sorted by code in T.
# Writes the new register to standard output, the results to RES, the rejected notices to REJ. Bytes (LC_ALL=C).

function number_holds(digits, length_,   at, weight, sum, rest) {
  if (digits !~ /^[0-9]+$/) return 0
  for (at = 1; at < length_; at++) {
    weight = length_ - at
    sum += substr(digits, at, 1) * (weight <= 6 ? weight + 1 : weight - 5)
  }
  rest = sum % 11
  return (rest <= 1 ? 0 : 11 - rest) == substr(digits, length_, 1)
}

function date_holds(digits,   year, month, day, last) {
  if (digits !~ /^[0-9]+$/) return 0
  year = substr(digits, 1, 4) + 0; month = substr(digits, 5, 2) + 0; day = substr(digits, 7, 2) + 0
  if (year < 1868 || month < 1 || month > 12 || day < 1) return 0
  last = month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
  if (month == 2) last = (year % 4 == 0 && year % 100) || year % 400 == 0 ? 29 : 28
  return day <= last
}

function next_notice() {
  code = (getline notice < T) > 0 ? substr(notice, 10, 11) : "~"
}

# What is wrong with the notice: 0 or the code of the result. `held` is the record so far.
function wrong(record, kind, live) {
  if (!number_holds(substr(record, 1, 11), 11)) return 11
  if (!number_holds(substr(record, 285, 12), 12)) return 12
  if (!date_holds(substr(record, 96, 8))) return 13
  if (!date_holds(substr(record, 299, 8))) return 14
  if (kind == "I") return live ? 21 : 0
  if (!live) return 22
  if (kind == "A" && (substr(record, 12, 93) != substr(held, 12, 93) || substr(record, 285, 12) != substr(held, 285, 12))) return 31
  if (kind == "N" && substr(record, 96, 201) != substr(held, 96, 201)) return 32
  return 0
}

# Judges the notice; 1 where there is a record afterwards.
function judge(live,   record, kind, result) {
  record = substr(notice, 10); kind = substr(notice, 9, 1)
  result = wrong(record, kind, live)
  printf "%s%02d\n", substr(notice, 1, 20), result > RES
  if (result) { printf "%02d%s\n", result, notice > REJ; return live }
  if (kind == "R") return 0
  held = substr(record, 1, 408) "0002" (live ? sprintf("%04d", substr(held, 413, 4) + 1) : "0000") substr(record, 417)
  return 1
}

function group(live,   same) {
  same = code
  while (code == same) { live = judge(live); next_notice() }
  if (live) print held
}

BEGIN { printf "" > RES; printf "" > REJ; next_notice() }
{
  here = substr($0, 1, 11)
  while (code < here) group(0)
  if (code == here) { held = $0; group(1) } else print
}
END { while (code != "~") group(0) }
