//! Stores for web sessions behind `session-core`'s port.

#[cfg(feature = "memory")]
mod memory;

#[cfg(feature = "memory")]
pub use memory::MemoryStore;
