//! How the kernel schedules this thread.

/// Until this value is dropped, the thread has the policy `SCHED_BATCH` (sched(7)): it does not interrupt others
/// when it wakes up, but runs when the core is free, or at the scheduler's next tick.
pub(crate) struct BatchPolicy {
    /// Whether the policy was changed, and has to be changed back.
    changed: bool,
}

impl BatchPolicy {
    /// This changes nothing where the thread has another policy than the default, or must not change it.
    pub(crate) fn begin() -> Self {
        Self {
            changed: policy() == Some(libc::SCHED_OTHER) && set_policy(libc::SCHED_BATCH),
        }
    }
}

impl Drop for BatchPolicy {
    fn drop(&mut self) {
        if self.changed {
            set_policy(libc::SCHED_OTHER);
        }
    }
}

fn policy() -> Option<libc::c_int> {
    // SAFETY: the call reads no memory of this process; 0 is the calling thread.
    let policy = unsafe { libc::syscall(libc::SYS_sched_getscheduler, 0) };
    policy.try_into().ok()
}

/// Sets the thread's policy, and returns whether that worked. musl's sched_setscheduler(3) always fails, since POSIX
/// sets the policy of a process with it, and Linux that of a thread.
fn set_policy(policy: libc::c_int) -> bool {
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
        let batch_policy = BatchPolicy::begin();
        assert_eq!(policy(), Some(libc::SCHED_BATCH));
        drop(batch_policy);
        assert_eq!(policy(), Some(libc::SCHED_OTHER));
    }
}
