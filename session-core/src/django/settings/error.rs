use thiserror::Error;

/// A settings file that says something else than a literal about sessions.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Python would have to run to know the value.
    #[error(
        "line {line}: {setting} is not assigned a literal; write its value out, or set it in code before the text is read"
    )]
    #[non_exhaustive]
    Computed {
        /// The line of the assignment.
        line: usize,
        /// The setting.
        setting: &'static str,
    },
    /// The assignment may not take place.
    #[error(
        "line {line}: {setting} is assigned inside of a block or behind another statement; give it a line of its own, or set it in code before the text is read"
    )]
    #[non_exhaustive]
    Conditional {
        /// The line of the statement.
        line: usize,
        /// The setting.
        setting: &'static str,
    },
    /// The value is a literal of another type.
    #[error("line {line}: {setting} must be {expected}")]
    #[non_exhaustive]
    Type {
        /// The line of the assignment.
        line: usize,
        /// The setting.
        setting: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// The text is no Python.
    #[error("line {line}: a string begins here and has no end")]
    #[non_exhaustive]
    Unterminated {
        /// The line of the string's beginning.
        line: usize,
    },
}
