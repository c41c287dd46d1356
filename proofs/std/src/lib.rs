//! The standard library with Shuttle's locks and atomics in place of its own, under the name of which other crates are
//! compiled once more.
#![forbid(unsafe_code)]

pub use ::std::*;

/// What Shuttle's scheduler can hold up, and the rest as it is.
pub mod sync {
    pub use ::std::sync::*;
    pub use shuttle::sync::{
        Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
    };

    /// Atomics, each access of which is a place where another thread may go on.
    pub mod atomic {
        pub use ::std::sync::atomic::*;
        pub use shuttle::sync::atomic::{
            AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, AtomicUsize,
        };
    }
}
