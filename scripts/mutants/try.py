"""Builds the source with all mutants switched off, then tries them one by one; called by scripts/mutants.sh.

First every test runs once and notes which mutants it comes across; a mutant is then tried only by those tests: unit tests
first, then, if they pass, integration tests, the quick ones first. A mutant that no test comes across has survived.
"""
import json, os, random, re, shutil, subprocess, sys, time

work, switch = sys.argv[1:3]
source, state = f"{work}/src", f"{work}/state"
mutants = json.load(open(f"{work}/list.json"))
# Tests of things that the mutants do not touch, or of the copied tree itself.
LEFT_OUT = re.compile(r"^(architecture|readme|leak::process)::")


def place(skip):
    """A fresh copy of the source with all mutants but those of `skip`; which of them are in it."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(f"{work}/clean", source)
    shutil.copy(switch, f"{source}/src/mutant.rs")
    with open(f"{source}/src/lib.rs", "r+") as file:
        text = file.read()
        file.seek(0)
        file.write("#![allow(arithmetic_overflow, unconditional_panic)]\n" + text + "#[allow(missing_docs)] pub mod mutant;\n")
    json.dump(sorted(skip), open(f"{work}/skip.json", "w"))
    command = [f"{work}/tool/debug/switches", f"{work}/list.json", source, f"{work}/placed.json", f"{work}/skip.json"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return {m["id"] for m in json.load(open(f"{work}/placed.json")) if m["placed"]} - skip


def unbuildable(skip):
    """Mutants that the compiler refuses."""
    command = ["cargo", "check", "--lib", "--message-format=json"]
    messages = subprocess.run(command, cwd=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    found = set()
    for line in messages.splitlines():
        message = json.loads(line).get("message")
        if not message or message["level"] != "error":
            continue
        spans = [s for s in message["spans"] if s["file_name"].startswith("src/")]
        spans += [s for c in message["children"] for s in c["spans"] if s["file_name"].startswith("src/")]
        near, line_of = set(), set()
        for span in spans:
            text = open(f"{source}/{span['file_name']}").read().split("\n")[span["line_start"] - 1]
            on = [(m.start(), int(m[1])) for m in re.finditer(r"crate::mutant::on\((\d+)\)", text)]
            line_of |= {number for _, number in on}
            before = [number for at, number in on if span["is_primary"] and at < span["column_start"]]
            near |= set(before[-1:])
        found |= (near - skip) or (line_of - skip)
    return found


def tests(program):
    listed = subprocess.run([program, "--list", "--format", "terse"], cwd=source, stdout=subprocess.PIPE, text=True).stdout
    names = [line[:-6] for line in listed.splitlines() if line.endswith(": test")]
    return [name for name in names if not LEFT_OUT.match(name)]


def passes(program, names, mutant, seconds):
    with open(f"{state}/current", "w") as file:
        file.write(str(mutant))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        return subprocess.run([program, "--exact", *names], cwd=source, timeout=seconds, **quiet).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def reached(program):
    """Which tests come across each mutant, the quick tests first."""
    reach = {}
    for name in tests(program):
        open(f"{state}/cover", "w").close()
        start = time.time()
        if passes(program, [name], 0, 600):
            for number in set(open(f"{state}/cover").read().split()):
                reach.setdefault(int(number), []).append((time.time() - start, name))
        else:
            print(f"left out, since it fails without a mutant: {name}")
    os.remove(f"{state}/cover")
    return {number: [name for _, name in sorted(found)] for number, found in reach.items()}


def area(file):
    if file.startswith(("src/domain", "src/pipeline")):
        return "rules"
    if file.startswith(("src/store/ledger", "src/format")) or file in ("src/seal/merkle.rs", "src/seal/notesign.rs"):
        return "ledger"
    return "seal" if file.startswith("src/seal") else "commit"


skip = {i for i, m in enumerate(mutants, 1) if m["genre"] == "FnValue" and "-> impl" in m["name"]}
while True:
    placed = place(skip)
    more = unbuildable(skip)
    if not more:
        break
    skip |= more
built = subprocess.run(["cargo", "test", "--no-run", "--lib", "--test", "it"], cwd=source, stderr=subprocess.PIPE, text=True)
paths = re.findall(r"Executable (?:unittests src/lib.rs|tests/it/main.rs) \((.*)\)", built.stderr)
assert len(paths) == 2, built.stderr[-2000:]
programs = [os.path.join(source, path) for path in paths]
reach = [reached(program) for program in programs]
score, survivors = {}, []
for number in random.Random(1).sample(sorted(placed), len(placed)):
    killed = False
    for program, found in zip(programs, reach):
        rest = found.get(number, [])
        for size in (8, 32, 1000):
            now, rest = rest[:size], rest[size:]
            killed = killed or bool(now) and not passes(program, now, number, 180)
    counts = score.setdefault(area(mutants[number - 1]["file"]), [0, 0])
    counts[0 if killed else 1] += 1
    if not killed:
        survivors.append(mutants[number - 1]["name"])
for name in sorted(survivors):
    print("survived:", name)
print(f"{len(mutants)} mutants, {len(mutants) - len(placed)} of them not built")
for name, (killed, left) in sorted(score.items()):
    print(f"{name}: {killed} of {killed + left} killed, {100 * killed / (killed + left):.1f} %")
