//! The function that `scripts/verify-clones` clones: answers each event with values of every kind.
//!
//! An event is a number of values to make. The response has lines of a kind and its values in
//! hexadecimal:
//!
//! - the kinds of [`coldspark::fresh`], which must differ in every clone;
//! - `hook`, in the first response: made in an after-restore hook, before there was an event;
//! - `per_restore`: the same within a clone, another in each;
//! - `init`, the first control: an id made in the init phase, the same in every clone;
//! - `raw`, the second control: getrandom with nothing mixed in, drawn between the others. Clones
//!   draw the same until the kernel reseeds.
#![cfg_attr(not(test), no_main)]

use std::fmt::Write;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use coldspark::fresh::{self, PerRestore, Secret};
use coldspark::{Error, Runtime};
use rustix::rand::{GetRandomFlags, getrandom};

/// 16 bytes as everybody draws them.
type Id = [u8; 16];

coldspark::main!(
    Runtime::with_init(|_| raw())
        .after_restore(|_| {
            let mut made = in_hook();
            for _ in 0..FROM_HOOK {
                made.push(fresh::bytes()?);
            }
            Ok(())
        })
        .raw("clones", |event, context| {
            let count = std::str::from_utf8(event)?.parse()?;
            Ok(response(count, context.state())?.into_bytes().into())
        })
);

/// How many values the after-restore hook makes.
const FROM_HOOK: usize = 100;
/// So many fresh values are made for each raw one.
const RAW_EVERY: usize = 10;

static IN_HOOK: Mutex<Vec<Id>> = Mutex::new(Vec::new());
/// What the hook has made.
fn in_hook() -> MutexGuard<'static, Vec<Id>> {
    IN_HOOK.lock().unwrap_or_else(PoisonError::into_inner)
}

static PER_RESTORE: PerRestore<Id> = PerRestore::new(|| Ok(fresh::bytes()?));

type Kind = (&'static str, fn() -> Result<Vec<u8>, Error>);

const KINDS: [Kind; 5] = [
    ("uuid_v4", || Ok(fresh::uuid_v4()?.into_bytes().into())),
    ("uuid_v7", || Ok(fresh::uuid_v7()?.into_bytes().into())),
    ("short_id", || Ok(fresh::short_id()?.into())),
    ("bytes", || Ok(fresh::bytes::<24>()?.into())),
    ("secret", || Ok(Secret::<32>::generate()?.expose().into())),
];

fn response(count: usize, made_in_init: &Id) -> Result<String, Error> {
    // The first draw after the restore is a raw one, where clones are most alike.
    let mut raws = "raw".to_owned();
    let mut lines = KINDS.map(|(kind, _)| kind.to_owned());
    for number in 0..count {
        if number % RAW_EVERY == 0 {
            append(&mut raws, &raw()?);
        }
        let kind = number % KINDS.len();
        append(&mut lines[kind], &KINDS[kind].1()?);
    }
    let mut others = "hook".to_owned();
    for value in mem::take(&mut *in_hook()) {
        append(&mut others, &value);
    }
    others.push_str("\nper_restore");
    append(&mut others, &*PER_RESTORE.get()?);
    others.push_str("\ninit");
    append(&mut others, made_in_init);
    Ok(format!("{}\n{raws}\n{others}", lines.join("\n")))
}

fn append(line: &mut String, value: &[u8]) {
    line.push(' ');
    for byte in value {
        // Writing to a string does not fail.
        let _ = write!(line, "{byte:02x}");
    }
}

fn raw() -> Result<Id, Error> {
    let mut id = Id::default();
    getrandom(&mut id, GetRandomFlags::empty())?;
    Ok(id)
}
