//! Files without a name, by which events, contexts and responses are handed over: memfds, and where those are
//! refused, unlinked files in /tmp.

use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use super::{checked, owned};

/// The largest page of any kernel, which is arm64's.
const LARGEST_PAGE: u64 = 64 * 1024;

/// How much of a file is read before its size is asked for: most responses are shorter.
const FIRST_READ: usize = 1024;

/// A file that only this process and the children that it is given to can reach.
pub(crate) struct ScratchFile {
    file: File,
}

impl ScratchFile {
    /// An empty file. Its name is only seen in /proc.
    pub(crate) fn new(name: &CStr) -> io::Result<Self> {
        // SAFETY: the pointer is to a live, zero-terminated string, which memfd_create(2) reads.
        let memory = owned(unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) });
        let fd = memory.or_else(|_| unlinked(c"/tmp/.coldspark-XXXXXX"))?;
        Ok(Self {
            file: File::from(fd),
        })
    }

    /// Makes every write go to the end of the file, whatever the writer's position is.
    pub(crate) fn appending(self) -> io::Result<Self> {
        // SAFETY: fcntl with F_SETFL takes integers and touches no memory; the file is open.
        checked(unsafe { libc::fcntl(self.file.as_raw_fd(), libc::F_SETFL, libc::O_APPEND) })?;
        Ok(self)
    }

    /// Makes `bytes` the whole content, to be read from its start.
    pub(crate) fn set(&self, bytes: &[u8]) -> io::Result<()> {
        // Cut before, never behind: at no moment is there a byte of the old content behind the new. A child may have
        // written to the file, so only the kernel knows how long it is.
        self.file.set_len(bytes.len() as u64)?;
        self.file.write_all_at(bytes, 0)?;
        // Children share the position, and have moved it.
        (&self.file).rewind()
    }

    /// Removes the content.
    pub(crate) fn clear(&self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// How many bytes there are. This moves the position, so it is not for a file that a child reads; for one that
    /// is appended to, the position does not matter. fstat(2) would be one more system call to allow.
    pub(crate) fn size(&self) -> io::Result<u64> {
        (&self.file).seek(SeekFrom::End(0))
    }

    /// Gives back the memory of the bytes from `start` to `end`. These and those before them are not read again.
    /// Where the file system cannot do this, the memory stays in use until the content is removed.
    pub(crate) fn release(&self, start: u64, end: u64) {
        let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        // From the beginning of the page: the last call may have left a part of it.
        let start = start - start % LARGEST_PAGE;
        let (Ok(start), Ok(length)) = (start.try_into(), (end - start).try_into()) else {
            return;
        };
        // SAFETY: fallocate(2) takes integers and touches no memory; the file is open. With these
        // flags the bytes of the range become zero, and the size stays.
        unsafe { libc::fallocate(self.file.as_raw_fd(), mode, start, length) };
    }

    /// The bytes from `start`, at most `limit` of them.
    pub(crate) fn read(&self, start: u64, limit: usize) -> io::Result<Vec<u8>> {
        let first = limit.min(FIRST_READ);
        let mut bytes = Vec::with_capacity(first);
        // A file gives what it has: only when that is as much as was asked for may there be more.
        if self.read_on(&mut bytes, start, first)? < first {
            return Ok(bytes);
        }
        let left = self.size()?.saturating_sub(start);
        self.part(start, usize::try_from(left).unwrap_or(limit).min(limit))
    }

    /// The bytes from `start`, this many; fewer where somebody has cut the file meanwhile.
    ///
    /// This reads by pread(2): a child shares the position, and its writes move it at any time.
    pub(crate) fn part(&self, start: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length && self.read_on(&mut bytes, start, length)? > 0 {}
        Ok(bytes)
    }

    /// Reads once into `bytes`, which has room for `length` bytes from `start` and holds the first of them already.
    /// Returns how many came.
    fn read_on(&self, bytes: &mut Vec<u8>, start: u64, length: usize) -> io::Result<usize> {
        let at = start.saturating_add(bytes.len() as u64);
        // Without the error of the conversion, whose text nothing else needs.
        let at = at.try_into().map_err(|_| io::ErrorKind::InvalidInput)?;
        let left = length - bytes.len();
        let spare = &mut bytes.spare_capacity_mut()[..left];
        loop {
            // SAFETY: `spare` is allocated, unused and exclusively borrowed for the call; pread(2)
            // writes at most `spare.len()` bytes to it and reads none. The file is open.
            let got = unsafe {
                libc::pread(
                    self.file.as_raw_fd(),
                    spare.as_mut_ptr().cast(),
                    spare.len(),
                    at,
                )
            };
            if let Ok(got) = usize::try_from(got) {
                // SAFETY: pread(2) has initialised the first `got` bytes behind the old length,
                // and `got` is at most what the capacity has left.
                unsafe { bytes.set_len(bytes.len() + got) };
                return Ok(got);
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }
}

impl AsFd for ScratchFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// A new file that has lost its name; the template of the name ends in XXXXXX.
fn unlinked(template: &CStr) -> io::Result<OwnedFd> {
    let mut path = template.to_bytes_with_nul().to_vec();
    // SAFETY: the pointer is to a live, exclusively borrowed, zero-terminated text, whose letters
    // X mkostemp(3) replaces; without them it fails.
    let fd = owned(unsafe { libc::mkostemp(path.as_mut_ptr().cast(), libc::O_CLOEXEC) })?;
    // SAFETY: the text is as long as before and still zero-terminated; unlink(2) reads it.
    checked(unsafe { libc::unlink(path.as_ptr().cast()) })?;
    Ok(fd)
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::io::Read;
    use std::sync::mpsc;
    use std::{env, fs, process, thread};

    use coldspark_emulator::under_test::limit;

    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "Miri has neither memfd_create(2) nor mkostemp(3)")]
    fn new_content_leaves_nothing_of_the_old() {
        let scratch = ScratchFile::new(c"test").unwrap();
        scratch.set(b"a long secret").unwrap();
        let mut text = String::new();
        (&scratch.file).read_to_string(&mut text).unwrap();
        scratch.set(b"new").unwrap();
        (&scratch.file).read_to_string(&mut text).unwrap();
        assert_eq!(text, "a long secretnew");
        assert_eq!(scratch.read(0, 100).unwrap(), b"new");
        assert_eq!(scratch.read(1, 1).unwrap(), b"e");
        assert_eq!(scratch.read(9, 9).unwrap(), b"");
        assert_eq!(scratch.part(1, 9).unwrap(), b"ew");
        scratch.file.write_all_at(b"of a child", 3).unwrap();
        scratch.set(b"next").unwrap();
        assert_eq!(scratch.read(0, 100).unwrap(), b"next");
        scratch.release(0, 2);
        assert_eq!(scratch.read(0, 100).unwrap(), b"\0\0xt");
        scratch.clear().unwrap();
        assert_eq!(scratch.size().unwrap(), 0);
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has neither memfd_create(2) nor mkostemp(3)")]
    fn a_read_that_fails_is_an_error_at_once() {
        let file = File::options().write(true).open("/dev/null").unwrap();
        let scratch = ScratchFile { file };
        let (sender, done) = mpsc::channel();
        thread::spawn(move || sender.send(scratch.part(0, 1).is_err()));
        assert!(done.recv_timeout(limit()).unwrap());
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has neither memfd_create(2) nor mkostemp(3)")]
    fn an_unlinked_file_has_no_name_left() {
        let folder = env::temp_dir().join(format!("coldspark-unlinked-{}", process::id()));
        fs::create_dir(&folder).unwrap();
        let template = CString::new(format!("{}/XXXXXX", folder.display())).unwrap();
        let file = File::from(unlinked(&template).unwrap());
        file.write_all_at(b"x", 0).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir(&folder).unwrap();
        assert!(unlinked(&template).is_err());
    }
}
