use session_core::Record;

/// A value of a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'v> {
    Bytes(&'v [u8]),
    /// All fields of a record, each for a placeholder of its own.
    Fields(&'v Record),
    Number(i64),
    #[cfg(feature = "django")]
    Text(&'v str),
}
