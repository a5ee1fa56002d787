//! Files whose pages are not in memory: how a program finds its binary on a fresh machine.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};

/// How often the kernel is asked to drop the pages: a process that has just ended may still hold some.
const TRIES: u32 = 50;
/// How often the disks are checked: on a machine whose disks are never idle a longer wait is of no use.
const DISK_TRIES: u32 = 50;

/// Drops the file's pages from the page cache, and makes sure that they are gone.
pub(crate) fn drop_pages(path: &Path) -> Result<(), String> {
    let failed = |error: io::Error| format!("dropping the pages of {}: {error}", path.display());
    let file = File::open(path).map_err(failed)?;
    let mut resident = 0;
    for _ in 0..TRIES {
        posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)
            .map_err(|error| failed(error.into()))?;
        resident = resident_pages(&file).map_err(failed)?;
        if resident == 0 {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(1));
    }
    Err(format!(
        "{resident} pages of {} stay in memory; something else uses the file, or its file system \
         has no disk below it (set COLDSPARK_CACHE to a folder on a disk)",
        path.display()
    ))
}

/// Waits until the disks are idle: a program that was killed may have started megabytes of read-ahead,
/// and the next program would queue behind it.
pub(crate) fn wait_for_disks() {
    for _ in 0..DISK_TRIES {
        let stats = fs::read_to_string("/proc/diskstats").unwrap_or_default();
        if in_flight(&stats) == 0 {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Requests that the disks are working on.
fn in_flight(stats: &str) -> u64 {
    let requests = stats
        .lines()
        .filter_map(|line| line.split_whitespace().nth(11));
    requests.filter_map(|count| count.parse::<u64>().ok()).sum()
}

/// How far the kernel reads ahead on the file's disk, in KiB.
pub(crate) fn read_ahead_kb(path: &Path) -> Option<u64> {
    let device = path.metadata().ok()?.dev();
    let (major, minor) = (libc::major(device), libc::minor(device));
    let setting = fs::read_to_string(format!("/sys/class/bdi/{major}:{minor}/read_ahead_kb"));
    setting.ok()?.trim().parse().ok()
}

/// Writes the file's pages to disk: dirty pages cannot be dropped.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// How many pages of the file are in the page cache.
#[allow(unsafe_code)] // No crate wraps mincore(2).
fn resident_pages(file: &File) -> io::Result<usize> {
    const PAGE: usize = 4096;
    let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    if length == 0 {
        return Ok(0);
    }
    // SAFETY: a new read-only mapping at an address of the kernel's choice; the file is open.
    let start = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            length,
            libc::PROT_READ,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        )
    };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // Of larger pages there are fewer, and the rest stays zero.
    let mut pages = vec![0u8; length.div_ceil(PAGE)];
    // SAFETY: the mapping has `length` bytes, and the vector a byte for each page of it. The
    // mapping is never read, so that it brings no page in, and nothing refers to it afterwards.
    let (status, error) = unsafe {
        let status = libc::mincore(start, length, pages.as_mut_ptr());
        let error = io::Error::last_os_error();
        libc::munmap(start, length);
        (status, error)
    };
    if status != 0 {
        return Err(error);
    }
    Ok(pages.iter().filter(|page| *page & 1 == 1).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_in_flight_are_added_up() {
        let line = |count| format!(" 254 0 vda 1 2 3 4 5 6 7 8 {count} 10 11 12\n");
        assert_eq!(in_flight(&(line(2) + &line(3))), 5);
        assert_eq!(in_flight(""), 0);
    }

    #[test]
    fn pages_are_in_memory_when_read() {
        // This test's own executable is running, so its pages are there and cannot be dropped.
        let own = File::open("/proc/self/exe").unwrap();
        assert!(resident_pages(&own).unwrap() > 0);
    }
}
