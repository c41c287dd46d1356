use session_core::Record;

/// What a statement is run with, in the place of a `?`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'v> {
    Bytes(&'v [u8]),
    /// A record's fields, each in the place of one of as many.
    Fields(&'v Record),
    Number(i64),
}
