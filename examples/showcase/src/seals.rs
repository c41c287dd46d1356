use std::path::Path;

use session_core::SealingKeys;

/// Reads the keys of sealed cookies: one a line, the first seals, the others still open.
pub(crate) fn read(path: &Path) -> Result<SealingKeys, String> {
    let refused =
        |reason: &dyn std::fmt::Display| format!("--secret-key-file: {}: {reason}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| refused(&error))?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().ok_or_else(|| refused(&"there is no key"))?;
    let first = SealingKeys::new(first);
    let all = lines.fold(first, |keys, line| keys?.open_also(line));
    all.map_err(|error| refused(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_key_and_a_weak_one_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        let said = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path).map(|keys| keys.count())
        };
        let strong = "0123456789abcdef".repeat(2);
        assert_eq!(said(&strong), Ok(1));
        assert_eq!(said(&format!("\n {strong} \r\n\n{strong}x\n")), Ok(2));
        for text in ["", " \n", "qwertz", &format!("{strong}\nqwertz")] {
            let message = said(text).unwrap_err();
            assert!(message.starts_with("--secret-key-file: "), "{message}");
            assert!(!message.contains("qwertz"), "{message}");
        }
        let message = read(&directory.path().join("none")).unwrap_err();
        assert!(message.contains("none: "), "{message}");
    }
}
