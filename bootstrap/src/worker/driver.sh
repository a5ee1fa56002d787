# A worker of bash: sources the function's script once, then calls its function for every event.
# $0 the script, $1 the function, $2 the number of the pipe of the response, $3 the form: subshell, or nothing.
# Descriptors: 60 lines from the bootstrap, 61 lines to it, 62 the event, 63 messages of errors, 64 the context.
# 65 is /dev/null, for what a script's set -x would show of this.

exec 65>/dev/null
{ builtin set +xv; } 2>&65
coldspark_place= coldspark_event= coldspark_trace= coldspark_folder=${LAMBDA_TASK_ROOT:-/var/task}
[[ -d $coldspark_folder ]] || coldspark_folder=$PWD
builtin readonly coldspark_function=$1 coldspark_output=/proc/$PPID/fd/$2 coldspark_form=$3 coldspark_folder
set --

# Remembers where: the trap for the end of the shell cannot know the line any more.
exit() {
    {
        builtin local coldspark_status=$?
        coldspark_place="exit in ${BASH_SOURCE[1]}: line ${BASH_LINENO[0]}"
        builtin set +x
    } 2>&65
    builtin exit "${@:-$coldspark_status}"
}
set -o errtrace
# In one line, which LINENO counts from.
trap '{ [[ ${BASH_SOURCE[0]} == @(|environment) ]] || coldspark_place="${BASH_SOURCE[0]}: line $LINENO: $BASH_COMMAND"; } 2>&65' ERR
coldspark_end() {
    # Without set -e, a command that failed earlier is not the reason.
    if [[ -n $coldspark_place && ($- == *e* || $coldspark_place == "exit in "*) ]]; then
        builtin printf '%s' "at $coldspark_place${1-}" >&63
    fi
}
trap '{ coldspark_end; } 2>&65' EXIT

coldspark_refuse() {
    builtin trap - EXIT
    builtin printf '%s' "$2" >&63
    builtin printf 'init-error %s\n' "$1" >&61
    builtin exit 1
}

# Calls a function of the script for one event in a shell of that event's own.
coldspark_apart() (
    builtin trap '{ coldspark_end ": "; } 2>&65' EXIT
    [[ -z $coldspark_trace ]] || builtin set -x
    "$@"
)

builtin . "$0"
{
    coldspark_status=$?
    [[ $- != *x* ]] || coldspark_trace=1
    builtin set +xv
} 2>&65
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

while IFS= builtin read -r -u 60 coldspark_line; do
    [[ ${PWD-} == "$coldspark_folder" ]] || builtin cd -- "$coldspark_folder" || builtin :
    coldspark_place=
    if [[ $coldspark_line == "event "* ]]; then
        builtin mapfile -t -u 64 coldspark_event
        builtin export "${coldspark_event[@]}"
        coldspark_event=$(</dev/fd/62)
        if [[ -n $coldspark_form ]]; then
            coldspark_apart "$coldspark_function" "$coldspark_event" </dev/fd/62 >"$coldspark_output"
        else
            [[ -z $coldspark_trace ]] || builtin set -x
            "$coldspark_function" "$coldspark_event" </dev/fd/62 >"$coldspark_output"
        fi
    else
        [[ -z $coldspark_trace ]] || builtin set -x
        "${coldspark_line/-/_}"
    fi
    {
        coldspark_status=$?
        builtin set +xv
    } 2>&65
    if [[ $coldspark_status == 0 ]]; then
        # An event's number is given back; a hook is done.
        if [[ $coldspark_line == "event "* ]]; then coldspark_line="response ${coldspark_line#event }"; else coldspark_line="done"; fi
        builtin printf '%s\n' "$coldspark_line" >&61
    elif [[ $coldspark_line == "event "* ]]; then
        builtin printf '%s' "$coldspark_function of $0 returned status $coldspark_status" >&63
        builtin printf '%s Function.ExitStatus\n' "error ${coldspark_line#event }" >&61
    else
        builtin printf '%s' "${coldspark_line/-/_} of $0 returned status $coldspark_status" >&63
        builtin printf 'hook-error Function.ExitStatus\n' >&61
    fi
done
