//! The CPU time of a process, as a clock.

use std::time::Duration;

/// Counts the time that all threads of a process have run, those that have ended too, but not its children.
#[derive(Clone, Copy)]
pub(crate) struct CpuClock(libc::clockid_t);

impl CpuClock {
    /// The clock of the process with this id. Its number is made as clock_getcpuclockid(3) makes it: of the
    /// complement of the id, and of three bits which say that the clock counts a process (bit 2 is 0) as exactly
    /// as the scheduler does (2).
    pub(super) fn of(pid: libc::pid_t) -> Self {
        Self((!pid << 3) | 2)
    }

    /// Reads it, which takes less than a microsecond; `None` once the process is reaped.
    pub(crate) fn read(self) -> Option<Duration> {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: the number is that of clock_gettime(2), whose arguments are the number of a clock
        // and the address of a live, exclusively borrowed timespec; it keeps nothing.
        let done = unsafe { libc::syscall(libc::SYS_clock_gettime, self.0, &raw mut time) };
        let seconds = u64::try_from(time.tv_sec).ok()?;
        (done == 0).then(|| Duration::new(seconds, time.tv_nsec as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no such clock")]
    fn it_goes_on_while_the_process_works_and_is_gone_with_it() {
        let clock = CpuClock::of(std::process::id().try_into().unwrap());
        let first = clock.read().unwrap();
        while clock.read().unwrap() == first {}
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let clock = CpuClock::of(child.id().try_into().unwrap());
        assert!(clock.read().is_some());
        child.wait().unwrap();
        assert_eq!(clock.read(), None);
    }
}
