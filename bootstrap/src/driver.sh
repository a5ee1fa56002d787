# A worker of bash: sources the function's script once, then calls its function for every event.
# $0 the script, $1 the function, $2 the number of the pipe of the response. Descriptors: 60 lines from the
# bootstrap, 61 lines to it, 62 the event, 63 messages of errors, 64 the context.

coldspark_function=$1 coldspark_output=/proc/$PPID/fd/$2 coldspark_place= coldspark_event=
set --

# Remembers where: the trap for the end of the shell cannot know the line any more.
exit() {
    builtin local coldspark_status=$?
    coldspark_place="exit in ${BASH_SOURCE[1]}: line ${BASH_LINENO[0]}"
    builtin exit "${@:-$coldspark_status}"
}
set -o errtrace
trap '[[ -z ${BASH_SOURCE[0]} ]] || coldspark_place="${BASH_SOURCE[0]}: line $LINENO: $BASH_COMMAND"' ERR
coldspark_end() {
    # Without set -e, a command that failed earlier is not the reason.
    if [[ -n $coldspark_place && ($- == *e* || $coldspark_place == "exit in "*) ]]; then
        builtin printf '%s' "at $coldspark_place" >&63
    fi
}
trap coldspark_end EXIT

coldspark_refuse() {
    builtin trap - EXIT
    builtin printf '%s' "$2" >&63
    builtin printf 'init-error %s\n' "$1" >&61
    builtin exit 1
}

builtin . "$0"
coldspark_status=$?
if [[ $coldspark_status != 0 ]]; then
    coldspark_refuse Runtime.InvalidHandler "sourcing $0 gave status $coldspark_status${coldspark_place:+, last at $coldspark_place}; correct the script"
fi
if ! builtin declare -F -- "$coldspark_function" >/dev/null; then
    coldspark_refuse Runtime.NoSuchHandler "$0 has no function $coldspark_function; define it there, or name another one in the function's handler setting"
fi
coldspark_hooks=
for coldspark_called in before-snapshot after-restore; do
    if builtin declare -F -- "${coldspark_called/-/_}" >/dev/null; then
        coldspark_hooks+=" $coldspark_called"
    fi
done
builtin printf 'ready%s\n' "$coldspark_hooks" >&61

while IFS= builtin read -r -u 60 coldspark_number; do
    if [[ $coldspark_number == "event "* ]]; then
        coldspark_number=${coldspark_number#event }
        coldspark_done="response $coldspark_number" coldspark_failed="error $coldspark_number"
        coldspark_called=$coldspark_function
        builtin mapfile -t -u 64 coldspark_event
        builtin export "${coldspark_event[@]}"
        coldspark_event=$(</dev/fd/62) coldspark_place=
        "$coldspark_function" "$coldspark_event" </dev/fd/62 >"$coldspark_output"
    else
        coldspark_called=${coldspark_number/-/_} coldspark_done=done coldspark_failed=hook-error
        coldspark_place=
        "$coldspark_called"
    fi
    coldspark_status=$?
    if [[ $coldspark_status == 0 ]]; then
        builtin printf '%s\n' "$coldspark_done" >&61
    else
        builtin printf '%s' "$coldspark_called of $0 returned status $coldspark_status" >&63
        builtin printf '%s Function.ExitStatus\n' "$coldspark_failed" >&61
    fi
done
