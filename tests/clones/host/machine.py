"""One virtual machine: a qemu process, its serial line, its control socket and its files."""

import collections
import json
import os
import socket
import subprocess
import tempfile
import threading
import time


class MachineError(Exception):
    """A machine did not do what it should; the text has its last words."""


# What is particular to an architecture. Neither CPU model has a hardware random generator: it
# would be the host's, different in each clone, and hide what clones without one do.
QEMU = {
    "x86_64": ["qemu-system-x86_64", "-M", "pc", "-cpu", "qemu64"],
    "arm64": ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57"],
}
CONSOLE = {"x86_64": "ttyS0", "arm64": "ttyAMA0"}


class Machine:
    """A running machine; leaving the `with` block ends it."""

    running = set()
    stopped = False

    @classmethod
    def stop_all(cls):
        """Ends all machines, for good."""
        cls.stopped = True
        for process in cls.running.copy():
            process.kill()

    def __init__(self, arch, kernel, root, vmgenid=False, snapshot=None, limit=180, parameters="", options=()):
        """`parameters` are more words for the kernel, `options` for qemu, where the last of a kind counts."""
        self.folder = tempfile.TemporaryDirectory(prefix="clones-")
        control = os.path.join(self.folder.name, "qmp")
        command = [
            *QEMU[arch],
            *("-accel", "tcg", "-m", "128", "-nodefaults", "-no-user-config", "-no-reboot"),
            *("-display", "none", "-serial", "stdio"),
            *("-kernel", kernel, "-initrd", root),
            *("-append", f"console={CONSOLE[arch]} quiet panic=-1 {parameters}".rstrip()),
            *("-qmp", f"unix:{control},server=on,wait=off"),
        ]
        command += options
        if vmgenid:
            # A new generation id for each qemu process, as a restore on Firecracker has.
            command += ["-device", "vmgenid,guid=auto"]
        if snapshot:
            command += ["-incoming", f"exec:cat {snapshot}"]
        self.log = collections.deque(maxlen=20)
        if Machine.stopped:
            raise MachineError("stopped")
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT)
        Machine.running.add(self.process)
        # A guest that hangs ends its serial line this way, and with it whoever reads it.
        self.watchdog = threading.Timer(limit, self.process.kill)
        self.watchdog.start()
        try:
            self._open_control(control)
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.watchdog.cancel()
        self.process.kill()
        self.process.wait()
        Machine.running.discard(self.process)
        self.folder.cleanup()

    def _open_control(self, path):
        end = time.monotonic() + 20
        while True:
            self.control = socket.socket(socket.AF_UNIX)
            try:
                self.control.connect(path)
                break
            except OSError:
                self.control.close()
                if self.process.poll() is not None or time.monotonic() > end:
                    self.log.extend(self.process.stdout.read().decode(errors="replace").splitlines())
                    raise self.error("qemu did not start")
                time.sleep(0.02)
        self.replies = self.control.makefile("rb")
        self.replies.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        """Gives qemu a command and returns its answer."""
        request = {"execute": name, "arguments": arguments}
        self.control.sendall(json.dumps(request).encode() + b"\n")
        while line := self.replies.readline():
            reply = json.loads(line)
            if "return" in reply:
                return reply["return"]
            if "error" in reply:
                raise self.error(f"qemu refused {name}: {reply['error'].get('desc')}")
        raise self.error(f"qemu ended at {name}")

    def save(self, path):
        """Stops the machine and writes its state to a file."""
        self.command("stop")
        self.command("migrate", uri=f"exec:cat > {path}")
        while (status := self.command("query-migrate").get("status")) != "completed":
            if status == "failed":
                raise self.error("qemu could not write the snapshot")
            time.sleep(0.02)

    def resume(self):
        """Lets a machine that was started from a snapshot run."""
        while self.command("query-status")["status"] == "inmigrate":
            time.sleep(0.01)
        self.command("cont")

    def tell(self, line):
        """Writes a line to the guest."""
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise self.error(f"the serial line is closed: {error}") from error

    def hear(self):
        """The guest's next line of the protocol, as words without the sign."""
        while line := self.process.stdout.readline():
            text = line.decode(errors="replace").strip()
            if text.startswith("@failed"):
                raise self.error(text.removeprefix("@failed "))
            if text.startswith("@"):
                return text[1:].split()
            self.log.append(text)
        raise self.error("the machine ended, or took too long")

    def expect(self, word):
        """The rest of the guest's next line, which must begin with `word`."""
        words = self.hear()
        if words[0] != word:
            raise self.error(f"the guest said {' '.join(words)[:80]!r}, not {word!r}")
        return words[1:]

    def error(self, text):
        return MachineError("\n    ".join([text, *self.log]))


def initramfs(files):
    """A guest's root file system: an archive in the kernel's "newc" form. `files` maps names to the
    bytes of executables."""
    entries = [
        # The kernel opens it as the first process's standard streams, before /dev is mounted.
        _entry("dev", 0o040755, links=2),
        _entry("dev/console", 0o020600, device=(5, 1)),
        *(_entry(name, 0o040755, links=2) for name in _folders(files)),
        *(_entry(name, 0o100755, data) for name, data in files.items()),
        _entry("TRAILER!!!", 0),
    ]
    return b"".join(entries)


def _folders(names):
    """The folders of these files, each behind the one that it is in."""
    found = {}
    for name in names:
        steps = name.split("/")[:-1]
        for end in range(1, len(steps) + 1):
            found["/".join(steps[:end])] = True
    return list(found)


def _entry(name, mode, data=b"", links=1, device=(0, 0)):
    name = name.encode() + b"\0"
    inode = owner = group = time = checksum = 0
    numbers = (inode, mode, owner, group, links, time, len(data), 0, 0, *device, len(name), checksum)
    head = b"070701" + b"".join(b"%08X" % number for number in numbers)
    return _padded(head + name) + _padded(data)


def _padded(data):
    return data + b"\0" * (-len(data) % 4)
