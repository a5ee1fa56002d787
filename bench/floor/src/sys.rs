//! System calls, the process's start, and the memory functions that the compiler calls.

use core::arch::{asm, global_asm};
use core::ffi::{CStr, c_char};
use core::slice;

use crate::SIZE;

#[cfg(target_arch = "x86_64")]
mod number {
    pub(crate) const READ: usize = 0;
    pub(crate) const WRITE: usize = 1;
    pub(crate) const SOCKET: usize = 41;
    pub(crate) const CONNECT: usize = 42;
    pub(crate) const EXIT_GROUP: usize = 231;
}

#[cfg(target_arch = "aarch64")]
mod number {
    pub(crate) const READ: usize = 63;
    pub(crate) const WRITE: usize = 64;
    pub(crate) const SOCKET: usize = 198;
    pub(crate) const CONNECT: usize = 203;
    pub(crate) const EXIT_GROUP: usize = 94;
}

// The kernel leaves the argument count, the arguments and the environment at the stack's top.
#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call {start}",
    "ud2",
    start = sym start,
);

#[cfg(target_arch = "aarch64")]
global_asm!(
    ".globl _start",
    "_start:",
    "mov x29, #0",
    "mov x30, #0",
    "mov x0, sp",
    "bl {start}",
    "brk #1",
    start = sym start,
);

/// Memory for heads and events.
static mut BUFFER: [u8; SIZE] = [0; SIZE];

/// The variable that says where the Runtime API is, and the sign behind its name.
const API: &[u8] = b"AWS_LAMBDA_RUNTIME_API=";

extern "C" fn start(stack: *const usize) -> ! {
    // SAFETY: the stack begins with the number of arguments, the arguments, a null pointer, and
    // the environment, which ends with a null pointer; all of it lives as long as the process.
    let api = unsafe { find(stack.add(*stack + 2).cast()) };
    let buffer = &raw mut BUFFER;
    // SAFETY: the only reference, made once, in a process with one thread.
    let buffer = unsafe { &mut *buffer };
    exit(crate::run(api.unwrap_or_default(), buffer) as i32)
}

/// The value of `API`. Other lines are left at the first byte that differs.
///
/// # Safety
/// `environment` must point to pointers to zero-terminated strings that are never freed, and a
/// null pointer behind them.
unsafe fn find(mut environment: *const *const c_char) -> Option<&'static [u8]> {
    loop {
        // SAFETY: the null pointer has not been met yet.
        let line = unsafe { *environment };
        if line.is_null() {
            return None;
        }
        // SAFETY: the first byte that differs ends the search, and no byte of the name is zero.
        if (0..API.len()).all(|at| unsafe { *line.add(at).cast::<u8>() } == API[at]) {
            // SAFETY: the value ends with the line's zero byte.
            return Some(unsafe { CStr::from_ptr(line.add(API.len())) }.to_bytes());
        }
        // SAFETY: behind a line's pointer is another one, or the null pointer.
        environment = unsafe { environment.add(1) };
    }
}

/// A TCP connection to an IPv4 address.
pub(crate) fn connect(ip: [u8; 4], port: u16) -> Result<usize, ()> {
    const AF_INET: u16 = 2;
    const SOCK_STREAM: usize = 1;
    // SAFETY: socket(2) touches no memory.
    let socket = unsafe { call(number::SOCKET, [AF_INET.into(), SOCK_STREAM, 0]) }?;
    let mut address = [0u8; 16];
    address[..2].copy_from_slice(&AF_INET.to_ne_bytes());
    address[2..4].copy_from_slice(&port.to_be_bytes());
    address[4..8].copy_from_slice(&ip);
    // SAFETY: connect(2) reads the 16 bytes of the address.
    unsafe {
        call(
            number::CONNECT,
            [socket, address.as_ptr().addr(), address.len()],
        )
    }?;
    Ok(socket)
}

pub(crate) fn write(file: usize, bytes: &[u8]) -> Result<usize, ()> {
    // SAFETY: write(2) reads that many bytes.
    unsafe { call(number::WRITE, [file, bytes.as_ptr().addr(), bytes.len()]) }
}

pub(crate) fn read(file: usize, bytes: &mut [u8]) -> Result<usize, ()> {
    // SAFETY: read(2) writes at most that many bytes, and any bytes are valid.
    unsafe { call(number::READ, [file, bytes.as_mut_ptr().addr(), bytes.len()]) }
}

pub(crate) fn exit(status: i32) -> ! {
    loop {
        // SAFETY: exit_group(2) takes an integer and does not come back.
        let _ = unsafe { call(number::EXIT_GROUP, [status as usize, 0, 0]) };
    }
}

/// # Safety
/// The arguments must be what the call wants; pointers are passed as addresses.
#[cfg(target_arch = "x86_64")]
unsafe fn call(number: usize, arguments: [usize; 3]) -> Result<usize, ()> {
    let result: isize;
    // SAFETY: the kernel's convention; it changes rcx and r11, and memory as the caller allows.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    usize::try_from(result).map_err(|_| ())
}

/// # Safety
/// The arguments must be what the call wants; pointers are passed as addresses.
#[cfg(target_arch = "aarch64")]
unsafe fn call(number: usize, arguments: [usize; 3]) -> Result<usize, ()> {
    let result: isize;
    // SAFETY: the kernel's convention; it changes memory as the caller allows.
    unsafe {
        asm!(
            "svc #0",
            in("x8") number,
            inlateout("x0") arguments[0] => result,
            in("x1") arguments[1],
            in("x2") arguments[2],
            options(nostack),
        );
    }
    usize::try_from(result).map_err(|_| ())
}

/// Stands in for the C library's: the compiler calls it for copies of unknown length.
///
/// # Safety
/// As memcpy(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    for at in 0..length {
        // SAFETY: both are valid for `length` bytes and do not overlap. The volatile read keeps
        // the compiler from making a call of memcpy out of this loop.
        unsafe { to.add(at).write(from.add(at).read_volatile()) };
    }
    to
}

/// # Safety
/// As memcmp(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, length: usize) -> i32 {
    // SAFETY: both are valid for `length` bytes.
    let (one, other) = unsafe {
        (
            slice::from_raw_parts(one, length),
            slice::from_raw_parts(other, length),
        )
    };
    let mut pairs = one.iter().zip(other);
    pairs
        .find(|(a, b)| a != b)
        .map_or(0, |(a, b)| i32::from(*a) - i32::from(*b))
}

/// # Safety
/// As strlen(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn strlen(text: *const u8) -> usize {
    let mut length = 0;
    // SAFETY: the text ends with a zero byte. Volatile for the reason that memcpy gives.
    while unsafe { text.add(length).read_volatile() } != 0 {
        length += 1;
    }
    length
}
