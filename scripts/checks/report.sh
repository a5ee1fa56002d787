# What scripts/test counts, and how it says it. Sourced by scripts/test.

LOG=$(mktemp)
SKIPS=$(mktemp)
BESIDE=''
passed=0 failed=0 skipped=0 broken=() times=()
trap 'end_beside; rm -f "$LOG" "$LOG".* "$SKIPS" "$SKIPS".*' EXIT

# beside NAME COMMAND...: checks in a process of their own, beside those that follow until `meet`. Tests wait
# for processes, and the last step of a build keeps one core busy: two rows of them use what one leaves idle.
beside() {
    BESIDE_NAME=$1
    shift
    mkfifo "$LOG.beside.end"
    # A process group of its own, so that its programs end with it.
    set -m
    (
        set +m
        SCRIPT="$SCRIPT, $BESIDE_NAME"
        LOG=$LOG.beside SKIPS=$SKIPS.beside
        passed=0 failed=0 skipped=0 broken=() times=()
        "$@"
        declare -p passed failed skipped broken times >"$LOG.counts.made"
        mv "$LOG.counts.made" "$LOG.counts"
        # Until `meet`: when it ends, its processor time is added to that of the check that then runs.
        read -r _ <"$LOG.end"
    ) </dev/null &
    BESIDE=$!
    set +m
}

# meet: wait for what runs beside, and add its counts. Without them there is no going on.
meet() {
    local before=("$passed" "$failed" "$skipped") broken_before=("${broken[@]+"${broken[@]}"}") times_before=("${times[@]+"${times[@]}"}")
    [ -n "$BESIDE" ] || return 0
    while [ ! -e "$LOG.beside.counts" ] && kill -0 "$BESIDE" 2>/dev/null; do sleep 0.2; done
    [ ! -e "$LOG.beside.counts" ] || echo >"$LOG.beside.end"
    wait "$BESIDE" || die "$BESIDE_NAME ended before its last check; the messages above say why"
    BESIDE=''
    # Without -g the variables would be this function's own.
    eval "$(sed 's/^declare /declare -g /' "$LOG.beside.counts")"
    passed=$((passed + before[0])) failed=$((failed + before[1])) skipped=$((skipped + before[2]))
    broken=("${broken_before[@]+"${broken_before[@]}"}" "${broken[@]+"${broken[@]}"}")
    times=("${times_before[@]+"${times_before[@]}"}" "${times[@]+"${times[@]}"}")
    rm "$LOG.beside.counts" "$LOG.beside.end"
}

# end_beside: what still runs beside when the script ends.
end_beside() { [ -z "$BESIDE" ] || kill -- "-$BESIDE" 2>/dev/null || true; }

# check NAME COMMAND...: one thing that passes or fails as a whole.
check() {
    local name=$1
    shift
    say "$name"
    clock_starts
    if "$@" >"$LOG" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1)) broken+=("$name")
        tail -60 "$LOG" >&2
    fi
    took "$name"
}

# step NAME COMMAND...: what the checks behind it need; without it there is no going on.
step() {
    local name=$1
    shift
    clock_starts
    "$@"
    took "$name"
}

# skip COUNT WHAT: so many tests that are not run here, with the reason.
skip() {
    skipped=$((skipped + $1))
    say "  skipped: $2"
}

# clock_starts: for took.
clock_starts() {
    BEFORE=$SECONDS
    processor
    PROCESSOR_BEFORE=$PROCESSOR
}

# took NAME: notes for the report how long it took since clock_starts.
took() {
    processor
    times+=("$((SECONDS - BEFORE)) s, $((PROCESSOR - PROCESSOR_BEFORE)) s of the processor: $1")
}

# The processor's time of all that this shell has waited for, in whole seconds. A pipe would ask for
# that of a shell which has waited for nothing.
processor() {
    times >"$LOG.times"
    PROCESSOR=$(awk 'NR == 2 { split($1, own, /[ms]/); split($2, kernel, /[ms]/)
        printf "%d", 60 * (own[1] + kernel[1]) + own[2] + kernel[2] }' "$LOG.times")
}

# not_run HOW: how many tests said that they were not run, and this as how.
not_run() { awk -F': ' -v how="$1" '$1 == how && !seen[$2]++ { count++ } END { print count + 0 }' "$SKIPS"; }

# failures: what the test programs that failed have printed, and the end of the log, which may be the
# compiler's. With --no-fail-fast, many that passed may come behind one that failed.
failures() {
    grep -vE '^test .* \.\.\. ok$' "$LOG" >"$LOG.short"
    awk '/^ +Running / { text = ""; lines = 0 }
        lines < 200 { text = text $0 "\n"; lines++ }
        /^test result: FAILED/ { printf "%s", text; text = ""; lines = 0 }' "$LOG.short"
    tail -20 "$LOG.short"
}

# tests NAME COMMAND...: a cargo test run; its own counts are added up.
tests() {
    local name=$1 counts unable other status=0
    shift
    say "$name"
    clock_starts
    : >"$SKIPS"
    COLDSPARK_TEST_SKIPS=$SKIPS "$@" >"$LOG" 2>&1 || status=$?
    counts=$(awk '/^test result:/ { p += $4; f += $6; i += $8 } END { print p + 0, f + 0, i + 0 }' "$LOG")
    read -r p f i <<<"$counts"
    # What is ignored in debug builds runs against the static ones.
    [ -z "${ignored_run_later:-}" ] || i=0
    # Tests that passed since they did nothing, which each said: something is not on this machine, or
    # they are for another form of the binaries. Two parts of one test are one.
    unable=$(not_run skipped) other=$(not_run 'left to another form')
    [ ! -s "$SKIPS" ] || sort -u "$SKIPS" | sed 's/^/[test]   /' >&2
    p=$((p - unable - other)) i=$((i + unable))
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + i))
    if [ "$status" != 0 ] || [ "$p" = 0 ]; then
        [ "$f" != 0 ] || failed=$((failed + 1))
        broken+=("$name")
        failures >&2
    else
        say "  $p passed, $i skipped: $name"
    fi
    took "$name"
}

report() {
    processor
    say "what took longest, of $SECONDS s, $PROCESSOR s of the processor:"
    printf '%s\n' "${times[@]}" | sort -rn | head -24 | sed 's/^/[test]   /' >&2
    for name in "${broken[@]+"${broken[@]}"}"; do say "FAILED: $name"; done
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
    exit
}
