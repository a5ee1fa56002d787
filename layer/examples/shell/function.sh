# A shell function in the form of AWS's tutorial: the file is sourced once, it is called per event.
# Run it with `scripts/run-local --layer layer/examples/shell` (_HANDLER is function.handler).
function handler() {
    EVENT_DATA=$1
    echo "$EVENT_DATA" >&2
    if [[ ! $EVENT_DATA =~ \"name\":\ *\"([^\"]*)\" ]]; then
        echo "the event has no name" >&2
        return 1
    fi
    printf '{"greeting":"Hello, %s!"}' "${BASH_REMATCH[1]}"
}
