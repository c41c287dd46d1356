use session_core::StoreError;

/// Checks the name of a table or a schema, which becomes part of SQL.
pub(crate) fn check_name(name: &str) -> Result<(), StoreError> {
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if begins_well && is_word && name.len() <= LONGEST {
        return Ok(());
    }
    Err(StoreError::new(format!(
        "{name:?} can't name a table or a schema for sessions: use 1 to {LONGEST} of \
         [A-Za-z0-9_], without a digit at the beginning"
    )))
}

/// The longest name to which `_version` can be added; PostgreSQL silently truncates those over 63.
const LONGEST: usize = 55;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words() {
        let long = "n".repeat(56);
        for good in ["session", "_", "Web_Session2", "select", &long[1..]] {
            assert!(check_name(good).is_ok(), "{good:?}");
        }
        for bad in ["", "2fast", "a-b", "a b", "a\"b", "a`b", "a.b", "ä", &long] {
            let message = check_name(bad).unwrap_err().to_string();
            assert!(message.contains(&format!("{bad:?}")), "{message}");
        }
    }
}
