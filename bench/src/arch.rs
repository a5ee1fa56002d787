//! The two architectures of Lambda.

use std::fmt;

/// An architecture, by Lambda's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arch {
    X8664,
    Arm64,
}

impl Arch {
    pub(crate) const ALL: [Arch; 2] = [Arch::X8664, Arch::Arm64];

    pub(crate) fn parse(name: &str) -> Option<Arch> {
        Arch::ALL.into_iter().find(|arch| arch.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Arch::X8664 => "x86_64",
            Arch::Arm64 => "arm64",
        }
    }

    /// The architecture of this machine. The benchmark supports no others.
    pub(crate) fn host() -> Arch {
        let [x86_64, arm64] = Arch::ALL;
        if x86_64.is_native() { x86_64 } else { arm64 }
    }

    /// Whether this machine runs its programs itself.
    pub(crate) fn is_native(self) -> bool {
        self.emulator() == format!("qemu-{}", std::env::consts::ARCH)
    }

    /// qemu's name of its emulator.
    pub(crate) fn emulator(self) -> &'static str {
        match self {
            Arch::X8664 => "qemu-x86_64",
            Arch::Arm64 => "qemu-aarch64",
        }
    }

    /// Numbers of the system calls that can send a request: write, writev, sendto, sendmsg.
    pub(crate) fn sending(self) -> [u64; 4] {
        match self {
            Arch::X8664 => [1, 20, 44, 46],
            Arch::Arm64 => [64, 66, 206, 211],
        }
    }

    /// Numbers of the calls that a kernel answers without being called, and qemu's emulation
    /// does not: clock_gettime, clock_getres, gettimeofday.
    pub(crate) fn clocks(self) -> [u64; 3] {
        match self {
            Arch::X8664 => [228, 229, 96],
            Arch::Arm64 => [113, 114, 169],
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
