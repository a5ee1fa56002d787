//! How the kernel schedules this thread.

/// Until this value is dropped, the thread does not interrupt others when it wakes up: it runs when the core
/// is free, or at the scheduler's next tick (`SCHED_BATCH`, sched(7)).
pub(crate) struct Patience(bool);

impl Patience {
    /// Changes nothing where the thread has a policy of its own, or must not change it.
    pub(crate) fn begin() -> Self {
        Self(policy() == Some(libc::SCHED_OTHER) && set(libc::SCHED_BATCH))
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        if self.0 {
            set(libc::SCHED_OTHER);
        }
    }
}

fn policy() -> Option<libc::c_int> {
    // SAFETY: it reads no memory of this process; 0 is the calling thread.
    let policy = unsafe { libc::syscall(libc::SYS_sched_getscheduler, 0) };
    policy.try_into().ok()
}

/// musl's function of this name refuses: POSIX means the process by it, and Linux the thread.
fn set(policy: libc::c_int) -> bool {
    let priority: libc::c_int = 0;
    // SAFETY: the kernel's `struct sched_param` is this one integer, which lives for the call and is only
    // read; 0 is the calling thread.
    let done =
        unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, policy, &raw const priority) };
    done == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_changed_and_restored() {
        assert_eq!(policy(), Some(libc::SCHED_OTHER));
        let patience = Patience::begin();
        assert_eq!(policy(), Some(libc::SCHED_BATCH));
        drop(patience);
        assert_eq!(policy(), Some(libc::SCHED_OTHER));
    }
}
