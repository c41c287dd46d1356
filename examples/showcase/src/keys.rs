use std::path::Path;

use session_core::django::SecretKeys;

/// Reads the keys of a Django site: one a line, the first signs, the others still verify.
///
/// In development Django's own generated keys are accepted, which begin with `django-insecure-`.
pub(crate) fn read(path: &Path, is_development: bool) -> Result<SecretKeys, String> {
    let refused =
        |reason: &dyn std::fmt::Display| format!("--secret-key-file: {}: {reason}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| refused(&error))?;
    let keys = if is_development {
        SecretKeys::danger_parse_weak(&text)
    } else {
        SecretKeys::parse(&text)
    };
    keys.map_err(|error| refused(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_key_serves_development_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        let said = |text: &str, is_development| {
            std::fs::write(&path, text).unwrap();
            read(&path, is_development).map(|keys| keys.count())
        };
        let strong = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        assert_eq!(said(&format!("{strong}\nold\n"), false), Ok(2));
        assert_eq!(said("django-insecure-qwertz\n", true), Ok(1));
        for (text, is_development) in [("django-insecure-qwertz", false), ("", true), ("\n", false)]
        {
            let message = said(text, is_development).unwrap_err();
            assert!(message.starts_with("--secret-key-file: "), "{message}");
            assert!(!message.contains("qwertz"), "{message}");
        }
        let message = read(&directory.path().join("none"), true).unwrap_err();
        assert!(message.contains("none: "), "{message}");
    }
}
