# A handler that returns its event, for the layer's shell form and for the bash peer.
handler() { printf '%s' "$1"; }
