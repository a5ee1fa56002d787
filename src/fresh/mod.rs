//! Unique values that a SnapStart snapshot cannot multiply: ids, random bytes, secrets.
//!
//! # Why
//!
//! With SnapStart, Lambda starts a function once, lets its init phase run, takes a snapshot of
//! the virtual machine and restores that into every environment. What init made is then the same
//! in all of them: an id is not unique, a key is shared, a seeded generator gives every
//! environment the same "random" numbers. Nothing fails, and nobody notices until two customers
//! have one order number.
//!
//! The functions here keep no state that a snapshot could copy. Each call draws anew, and in the
//! init phase of a SnapStart function it is an error that names the call, its place and the fix
//! ([`FreshError::InInitPhase`]).
//!
//! ```
//! use coldspark::fresh::{self, PerRestore, Secret};
//! use coldspark::{Context, Error};
//!
//! /// A key for each environment, made at first use.
//! static KEY: PerRestore<Secret<32>> = PerRestore::new(|| Ok(Secret::generate()?));
//!
//! fn order(article: String, _: &Context<'_>) -> Result<String, Error> {
//!     let id = fresh::uuid_v7()?;
//!     let signature = hmac_sha256::HMAC::mac(id.as_bytes(), KEY.get()?.expose());
//!     Ok(format!("{article} {id} {:02x?}", &signature[..4]))
//! }
//! # let _ = order;
//! ```
//!
//! | for | use |
//! |---|---|
//! | an id | [`uuid_v4`], [`uuid_v7`], [`short_id`] |
//! | random bytes, the seed of a generator that lives as long as an event | [`bytes()`], [`fill`] |
//! | a key or a token | [`Secret`] |
//! | anything that is made once for each environment | [`PerRestore`] |
//! | a key that a retry of the same event must have too | [`idempotency_key`] |
//!
//! # What is safe, and what is not
//!
//! Safe: everything of this module; the request id and the invocation id of the
//! [`Context`](crate::Context), which come from outside the machine; [`Context::time_left`],
//! which reads the wall clock when it is called.
//!
//! Not safe when made or kept in the init phase or in a before-snapshot hook:
//!
//! - generators in user space with their seed, `rand::rng()` among them, and the order of a
//!   `HashMap` (it has one seed a thread, in every clone the same: harmless for most, but no
//!   defence against chosen keys);
//! - ids, tokens, nonces and temporary file names, also those that a library makes for itself;
//! - [`Instant`](std::time::Instant) and time stamps: the clock stands still in the snapshot and
//!   jumps at the restore;
//! - connections, to databases too: the other end is gone. coldspark closes its own before the
//!   snapshot and never uses one across a restore;
//! - addresses that were looked up, leases, caches of what changes outside;
//! - credentials. A SnapStart function gets no keys in its environment but
//!   `AWS_CONTAINER_CREDENTIALS_FULL_URI` and `AWS_CONTAINER_AUTHORIZATION_TOKEN`: ask that
//!   address with the token in the `Authorization` header when credentials are needed, after the
//!   restore, and again when they expire. AWS's SDKs do so by themselves if they are not asked
//!   for credentials in init.
//!
//! [`Runtime::before_snapshot`](crate::Runtime::before_snapshot) is the place to close and
//! forget, [`Runtime::after_restore`](crate::Runtime::after_restore) to open again. A
//! [`PerRestore`] needs neither, and is made at the first event instead of in the time that
//! Lambda gives to a restore.
//!
//! # What is mixed, and why
//!
//! After a restore all clones have the same memory, the kernel's generator included, until the
//! kernel takes fresh entropy. A kernel that is told of the restore (VMGENID: Linux 5.18 on
//! x86_64, 6.10 on arm64, where the machine has the device) reseeds at once, but *asynchronously*:
//! user code may run for some microseconds before it. A kernel that is not told goes on with the
//! same numbers until its own periodic reseed, for seconds or minutes. So each draw is one hash,
//! BLAKE2b-512, over
//!
//! | source | what it is for |
//! |---|---|
//! | 32 bytes of getrandom(2) | the strength: 256 bits, in every environment whose kernel has reseeded |
//! | after a restore: two words of RDRAND or FEAT_RNG, where the processor has it | comes from outside the snapshot: different in every clone |
//! | the cycle counter (RDTSC, CNTVCT_EL0) and the wall clock in nanoseconds | differ between clones by how long each of them took to get here |
//! | request id and invocation id of the event in hand | come from the Lambda service: no two clones have the same event |
//! | the number of the draw in this process | no two draws of one process are alike |
//!
//! The value is as hard to predict as the best of the sources, and two draws give the same value
//! only if all of them are the same. Nothing is kept between draws, so there is no generator whose
//! state could be copied. Intermediate values are overwritten, and so is the stack that a draw has
//! used; copies in registers are not.
//!
//! The processor is asked whether it has a generator at the first draw after a restore. On x86_64
//! that is one CPUID instruction, which leaves the virtual machine: it was measured to add 37 us to
//! the first event of a function that draws. Without SnapStart there are no clones of the process,
//! so it is not asked. Before the first draw nothing of this module runs, and a function that never
//! draws does not even link it.
//!
//! # Limits
//!
//! - Without reseeded kernel and without a generator in the processor, values of different
//!   clones are *different*, but they are not *secret* from someone who knows the snapshot and
//!   can guess counter, clock and ids. x86_64 processors have had RDRAND since 2012 (AMD: 2015),
//!   Graviton 3 and later have FEAT_RNG, Graviton 2 has not; what a Lambda environment shows of
//!   them was not checked.
//! - In an after-restore hook there is no event yet, so its ids cannot be mixed in. Without
//!   reseeded kernel and without a generator in the processor, only counter and clock then keep
//!   clones apart: that two values differ is probable there, not certain, and the less so the
//!   more environments are restored at once. What can wait for the first event belongs into a
//!   [`PerRestore`].
//! - The environment variable `AWS_LAMBDA_INITIALIZATION_TYPE` tells a draw of the init phase.
//!   A child process that links this module inherits the variable and never sees a restore: all
//!   its draws are refused. Draw in the function's process and hand the value on.
//! - What was tried, and where: clones of virtual machines, eight restored from one snapshot, on
//!   x86_64 with and without a VMGENID device and on arm64 without one, all without a hardware
//!   generator, 10,100 values each without a repetition, while the controls did repeat
//!   (`scripts/verify-clones`, qemu 7.2 without hardware acceleration, Linux 6.1); clones by
//!   fork(2) in the integration tests; the kernel's bytes replaced by a constant in the unit
//!   tests. It was not run on AWS.
//!
//! [`Context::time_left`]: crate::Metadata::time_left

mod draw;
mod error;
mod ids;
mod mix;
mod per_restore;
mod phase;
mod secret;

pub use crate::idempotency::idempotency_key;
pub use error::FreshError;
pub use ids::{bytes, fill, short_id, uuid_v4, uuid_v7};
pub use per_restore::PerRestore;
pub use phase::restore_count;
pub use secret::Secret;
pub use uuid::Uuid;

#[cfg(feature = "aws")]
pub(crate) use phase::before_snapshot;
pub(crate) use phase::restored;
